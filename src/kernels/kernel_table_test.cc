#include "kernels/kernel_table.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace helicon::kernels {
namespace {

TEST(ChooseKernels, TakesTheBestOrWhatTheEnvironmentNames) {
  const char* wanted = std::getenv("HELICON_KERNELS");
  const Result<const KernelTable*> chosen = choose_kernels();
  ASSERT_TRUE(chosen.ok()) << chosen.error().message;
  EXPECT_EQ((*chosen)->name, wanted ? wanted : available_kernels().front()->name);
  EXPECT_EQ(available_kernels().back()->name, "portable");
}

}  // namespace
}  // namespace helicon::kernels
