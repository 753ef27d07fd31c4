// Pictures, films and sounds in the content of a message.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "chat/message.h"

namespace helicon::http {

// Reads a part of `type`, which the request calls `path`; nothing if that is no kind of medium.
//   {"type": "image_url", "image_url": {"url": "data:image/png;base64,..."}}, video_url, audio_url
//   {"type": "input_audio", "input_audio": {"data": "...", "format": "wav"}}
//   {"type": "file", "file": {"file_data": "data:video/mp4;base64,..."}}
// What a file holds is found out when it is decoded; a type or format only says which sense it is
// for. Errors: invalid_argument, unsupported (an address that is no data: URL, other files).
Result<std::optional<chat::Medium>> read_medium(const boost::json::object& part,
                                                std::string_view type, const std::string& path);

}  // namespace helicon::http
