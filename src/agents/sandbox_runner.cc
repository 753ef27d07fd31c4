#include "agents/sandbox_runner.h"

#include <utility>

#include "tools/sandbox.h"

namespace helicon::agents {
namespace {

constexpr size_t kOutputBytes = size_t{16} << 10;

class SandboxRunner final : public ProgramRunner {
 public:
  explicit SandboxRunner(tools::Sandbox sandbox) : sandbox_(std::move(sandbox)) {}

  Result<ProgramOutput> run(std::string_view program, std::chrono::milliseconds limit,
                            std::stop_token stop) const override {
    tools::SandboxLimits limits;
    limits.time = limit;
    limits.output_bytes = kOutputBytes;
    HELICON_ASSIGN(tools::SandboxResult result,
                   sandbox_.run_python(program, limits, {.stop = std::move(stop)}));
    if (result.timed_out) result.errors = "it did not end in time";
    return ProgramOutput{result.ok(), std::move(result.output), std::move(result.errors)};
  }

 private:
  tools::Sandbox sandbox_;
};

}  // namespace

Result<std::shared_ptr<const ProgramRunner>> sandbox_runner() {
  HELICON_ASSIGN(tools::Sandbox sandbox, tools::Sandbox::create());
  return std::shared_ptr<const ProgramRunner>(std::make_shared<SandboxRunner>(std::move(sandbox)));
}

}  // namespace helicon::agents
