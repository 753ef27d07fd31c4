// Pictures, films and sounds in the content of a message.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "backends/chat_model.h"
#include "base/result.h"
#include "chat/message.h"
#include "net/guarded_fetch.h"

namespace helicon::http {

// Reads a part of `type`, which the request calls `path`; nothing if that is no kind of medium.
//   {"type": "image_url", "image_url": {"url": "data:image/png;base64,..."}}, video_url, audio_url
//   {"type": "image_url", "image_url": {"url": "https://..."}}: fetch_media() has to follow
//   {"type": "video_url", "video_url": {"url": "...", "sound": false}}: its pictures alone
//   {"type": "input_audio", "input_audio": {"data": "...", "format": "wav"}}
//   {"type": "file", "file": {"file_data": "data:video/mp4;base64,..."}}
// What a file holds is found out when it is decoded; a type or format only says which sense it is
// for. Errors: invalid_argument, unsupported (other files).
Result<std::optional<chat::Medium>> read_medium(const boost::json::object& part,
                                                std::string_view type, const std::string& path);

// Fetches all media that have an address and no file yet, one after the other, each address once;
// `limits` are for all of them together. Errors, about the medium: those of guarded_fetch().
// Unsupported, before anything is fetched: the model has no sense for one of them.
Status fetch_media(std::vector<chat::Message>& messages, const backends::ModelInfo& model,
                   const net::FetchRules& rules, net::FetchLimits limits,
                   const std::stop_token& stop);

}  // namespace helicon::http
