# What every folder of src/ needs: compiler flags, the shared dependencies, and one function.

find_package(Threads REQUIRED)
if(CMAKE_CROSSCOMPILING)
  include(cmake/cross.cmake)
else()
  find_package(fmt REQUIRED)
  find_package(spdlog REQUIRED)
  # Debian 12 calls it 1.81, Ubuntu 24.04 has 1.83; 1.74 has no URL.
  find_package(Boost 1.81 REQUIRED COMPONENTS json url)
  if(HELICON_TESTS)
    find_package(GTest REQUIRED)
  endif()
endif()
if(HELICON_TESTS)
  include(GoogleTest)
endif()

add_library(helicon_flags INTERFACE)
target_include_directories(helicon_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_options(helicon_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Werror
  # GCC 12 sees overlaps in std::string that are not there (gcc.gnu.org, bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  # libstdc++ 12 calls what it has deprecated itself, in std::stable_sort.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>
  # A sum's rounding may not depend on what the compiler fuses (docs/architecture.md, "Reproducible").
  -ffp-contract=off -fno-omit-frame-pointer)
target_compile_definitions(helicon_flags INTERFACE BOOST_ASIO_NO_DEPRECATED
  $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
target_link_libraries(helicon_flags INTERFACE Threads::Threads)
if(HELICON_SANITIZE)
  add_compile_options(-fsanitize=${HELICON_SANITIZE} -fno-sanitize-recover=all -g1)
  add_link_options(-fsanitize=${HELICON_SANITIZE})
endif()

# helicon_library(NAME DEPS lib...)
# Makes library helicon_NAME of the folder's *.cc, and test program NAME_test of its *_test.cc.
function(helicon_library name)
  cmake_parse_arguments(ARG "" "" "DEPS;TEST_DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  if(sources)
    add_library(helicon_${name} STATIC ${sources})
    target_link_libraries(helicon_${name} PUBLIC helicon_flags ${ARG_DEPS})
  else()
    add_library(helicon_${name} INTERFACE)
    target_link_libraries(helicon_${name} INTERFACE helicon_flags ${ARG_DEPS})
  endif()
  if(HELICON_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE helicon_${name} ${ARG_TEST_DEPS} GTest::gtest_main)
    gtest_discover_tests(${name}_test WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} DISCOVERY_TIMEOUT 60)
  endif()
endfunction()
