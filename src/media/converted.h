// Pictures and sounds of formats that only FFmpeg reads.
#pragma once

#include <stop_token>

#include "base/result.h"
#include "media/ffmpeg.h"
#include "media/picture.h"
#include "media/sound.h"

namespace helicon::media {

// The first picture of an open file: of an animation its beginning, of a film its first frame.
// Errors: those of Ffmpeg::run; unsupported (no picture in it), corrupt, too_large.
Result<Picture> convert_picture(const Ffmpeg& ffmpeg, int file, const std::stop_token& stop = {});

// The sound of an open file, or of a film's first track of sound: its channels mixed, resampled to
// kSampleRate. Errors: the same; too_large (over an hour).
Result<Sound> convert_sound(const Ffmpeg& ffmpeg, int file, const std::stop_token& stop = {});

}  // namespace helicon::media
