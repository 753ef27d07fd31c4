// For tests: FFmpeg without a sandbox, for films that are our own.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>

#include "media/ffmpeg.h"

namespace helicon::media {

class PlainFfmpeg final : public Ffmpeg {
 public:
  Status run(const Task& task) const override {
    std::string command(task.program);
    for (const std::string& word : task.arguments)
      command += word == kMedium ? fmt::format(" /proc/{}/fd/{}", getpid(), task.file)
                                 : fmt::format(" '{}'", word);
    FILE* program = popen(command.c_str(), "r");
    if (!program) return Error{ErrorCode::io, "popen", {}};
    std::array<char, 4096> buffer;
    bool more = true;
    for (size_t count; more && (count = fread(buffer.data(), 1, buffer.size(), program)) > 0;)
      more = task.on_output({buffer.data(), count});
    const int exit_code = pclose(program);
    if (more && exit_code != 0) return Error{ErrorCode::corrupt, command + " failed", {}};
    return ok_status();
  }
};

}  // namespace helicon::media
