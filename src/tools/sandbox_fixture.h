// For tests: a sandbox, and programs in it that tell what they could do.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "tools/sandbox.h"

namespace helicon::tools {

class SandboxTest : public testing::Test {
 protected:
  SandboxTest() : sandbox_(Sandbox::create()) {
    EXPECT_TRUE(sandbox_.ok()) << sandbox_.error().message;
  }
  SandboxResult run(std::string_view program, const SandboxLimits& limits = {},
                    std::string_view input = {}, std::stop_token stop = {}) {
    if (!sandbox_.ok()) return {};
    auto result = sandbox_->run_python(program, limits, {.input = input, .stop = std::move(stop)});
    EXPECT_TRUE(result.ok()) << result.error().message;
    return result.ok() ? *result : SandboxResult{};
  }
  // What an expression is worth in there, or the name of the error it raises.
  std::string value(const std::string& setup, const std::string& expression) {
    const SandboxResult result =
        run(setup + "\ntry:\n  print(" + expression +
            ")\nexcept BaseException as error:\n  print(type(error).__name__)\n");
    EXPECT_EQ(result.exit_code, 0) << result.errors;
    return result.output.substr(0, result.output.find('\n'));
  }
  Result<Sandbox> sandbox_;
};

}  // namespace helicon::tools
