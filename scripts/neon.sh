# ./dev neon: compiles the three lowest floors for 64-bit ARM and runs their tests under qemu-user.
# It tells whether the NEON kernels give the same bits as the portable ones, and nothing about speed.

# on_arm PROCESSOR PROGRAM...
on_arm() { qemu-aarch64 -L /usr/aarch64-linux-gnu -cpu "$@"; }

neon() {
  local tests=build/neon/src
  install_packages build neon
  build build/neon "tensor_test base_test kernels_test" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
    -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ \
    "-DCMAKE_CROSSCOMPILING_EMULATOR=qemu-aarch64;-L;/usr/aarch64-linux-gnu;-cpu;max"

  say "the folders below the kernels"
  on_arm max $tests/tensor/tensor_test --gtest_brief=1
  # Death tests start their own program anew, which only an ARM kernel does.
  on_arm max $tests/base/base_test --gtest_brief=1 --gtest_filter='-*DeathTest*'
  # The kernels' tests go through all the tables that the processor can run; one of them sees to it
  # that the one named here is among these.
  say "kernels: neon-dotprod"
  HELICON_KERNELS=neon-dotprod on_arm max $tests/kernels/kernels_test --gtest_brief=1
  say "kernels: portable"
  HELICON_KERNELS=portable on_arm max $tests/kernels/kernels_test --gtest_brief=1
  say "kernels: the best of a processor without DotProd, which is portable"
  on_arm cortex-a57 $tests/kernels/kernels_test --gtest_brief=1
}
