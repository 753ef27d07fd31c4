// The main function of every test program.
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

int main(int count, char** arguments) {
  testing::InitGoogleTest(&count, arguments);
  // Made before there are threads, as the program does. The library makes it where it is first
  // asked for, in a static variable; but the packaged one is not built with the thread sanitizer,
  // which misses the guard's plain read and takes the second thread's use of the logger for a race.
  spdlog::default_logger();
  return RUN_ALL_TESTS();
}
