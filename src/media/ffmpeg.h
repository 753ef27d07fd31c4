// The program that decodes what this library does not.
#pragma once

#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"

namespace helicon::media {

// Runs FFmpeg (https://ffmpeg.org) where it can do no harm; src/tools/ffmpeg.h does.
class Ffmpeg {
 public:
  virtual ~Ffmpeg() = default;

  struct Task {
    std::string_view program;  // "ffmpeg" or "ffprobe"
    // Its words, of which kMedium stands for the file.
    std::span<const std::string> arguments;
    int file = -1;  // open; read from its beginning
    // Takes what it writes as it comes. False: that is enough.
    std::function<bool(std::string_view)> on_output;
    std::stop_token stop = {};
  };
  static constexpr std::string_view kMedium = "/tmp/medium";

  // Errors: corrupt, with what the program said last; too_large (the file, or more memory or time
  // than it may have); cancelled; out_of_memory; io. Where on_output had enough, it is no error.
  virtual Status run(const Task& task) const = 0;
};

}  // namespace helicon::media
