// FFmpeg in the sandbox: films and sounds that nobody vouches for.
#pragma once

#include "media/ffmpeg.h"
#include "tools/sandbox.h"

namespace helicon::tools {

// Safe to use from many threads. Each run has the file in its own memory, of at most kMostBytes.
class SandboxedFfmpeg final : public media::Ffmpeg {
 public:
  static constexpr uint64_t kMostBytes = uint64_t{1} << 30;

  // Errors: those of Sandbox::create; unsupported where FFmpeg is missing, and how to get it.
  static Result<SandboxedFfmpeg> create();

  Status run(const Task& task) const override;

 private:
  explicit SandboxedFfmpeg(Sandbox sandbox) : sandbox_(std::move(sandbox)) {}
  Sandbox sandbox_;
};

}  // namespace helicon::tools
