#include "http/chat_media.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <utility>

#include "base/base64.h"
#include "http/json_reader.h"
#include "http/utf8.h"

namespace helicon::http {
namespace {

namespace json = boost::json;
using chat::MediumKind;

// Where the bytes of a medium are: member `key` of the part's member `type`.
struct Source {
  std::string_view type, key;
  std::optional<MediumKind> kind;  // otherwise the data: URL's type says it
  bool url = true;                 // otherwise base64 alone
};
constexpr Source kSources[] = {
    {"image_url", "url", MediumKind::picture}, {"video_url", "url", MediumKind::film},
    {"audio_url", "url", MediumKind::sound},   {"input_audio", "data", MediumKind::sound, false},
    {"file", "file_data", std::nullopt},
};

struct TypedKind {
  std::string_view prefix;
  MediumKind kind;
};
constexpr TypedKind kTypedKinds[] = {
    {"image/", MediumKind::picture}, {"video/", MediumKind::film}, {"audio/", MediumKind::sound}};

// "data:image/png;base64,AAAA" (RFC 2397).
struct DataUrl {
  std::string_view type, base64;
};
Result<DataUrl> read_data_url(std::string_view url, const std::string& path) {
  constexpr std::string_view kScheme = "data:", kCoding = ";base64";
  const size_t comma = url.find(',');
  if (!url.starts_with(kScheme) || comma == std::string_view::npos ||
      !url.substr(0, comma).ends_with(kCoding))
    return field_error(ErrorCode::invalid_argument, path,
                       "must be a data: URL in base64, such as \"data:image/png;base64,...\", or, "
                       "but for files, an http or https address");
  return DataUrl{url.substr(kScheme.size(), comma - kCoding.size() - kScheme.size()),
                 url.substr(comma + 1)};
}

std::optional<MediumKind> known_kind(std::string_view type) {
  for (const TypedKind& known : kTypedKinds)
    if (type.starts_with(known.prefix)) return known.kind;
  return std::nullopt;
}

Result<MediumKind> kind_of_type(std::string_view type, const std::string& path) {
  if (const auto kind = known_kind(type)) return *kind;
  return field_error(ErrorCode::unsupported, path,
                     fmt::format("files of type \"{}\" are not supported, only image/*, video/* "
                                 "and audio/*",
                                 quotable(type)));
}

}  // namespace

Result<std::optional<chat::Medium>> read_medium(const json::object& part, std::string_view type,
                                                const std::string& path) {
  const auto source = std::find_if(std::begin(kSources), std::end(kSources),
                                   [&](const Source& one) { return one.type == type; });
  if (source == std::end(kSources)) return std::optional<chat::Medium>();
  const std::string member = fmt::format("{}.{}", path, type);
  const json::value* value = part.if_contains(type);
  if (!value) return field_error(ErrorCode::invalid_argument, member, "is missing");
  const std::string field = fmt::format("{}.{}", member, source->key);
  chat::Medium medium;
  medium.name = path;
  if (source->kind) medium.kind = *source->kind;
  // Some clients send the URL itself in the place of the object around it.
  if (!(source->url && value->is_string())) {
    HELICON_ASSIGN(const json::object* const object, read_object(*value, member));
    if (const json::value* sound = object->if_contains("sound"); sound && !sound->is_null()) {
      HELICON_ASSIGN(const bool wanted, read_bool(*sound, member + ".sound"));
      medium.muted = !wanted;
    }
    value = object->if_contains(source->key);
    if (!value) return field_error(ErrorCode::invalid_argument, field, "is missing");
  }
  HELICON_ASSIGN(const std::string_view text, read_string(*value, field));
  if (source->url && source->kind && net::is_web_address(text)) {
    medium.address = text;
    return std::optional(std::move(medium));
  }
  std::string_view base64 = text;
  if (source->url) {
    HELICON_ASSIGN(const DataUrl url, read_data_url(text, field));
    base64 = url.base64;
    medium.type = url.type;
    if (!source->kind) {
      HELICON_ASSIGN(medium.kind, kind_of_type(url.type, field));
    }
  }
  auto bytes = decode_base64(base64);
  if (!bytes) return field_error(ErrorCode::invalid_argument, field, "is not valid base64");
  if (bytes->empty()) return field_error(ErrorCode::invalid_argument, field, "is empty");
  medium.file = std::make_shared<const GivenFile>(*std::move(bytes));
  return std::optional(std::move(medium));
}

Status fetch_media(std::vector<chat::Message>& messages, const backends::ModelInfo& model,
                   const net::FetchRules& rules, net::FetchLimits limits,
                   const std::stop_token& stop) {
  for (const chat::Message& message : messages)
    for (const chat::Medium& medium : message.media)
      if (!medium.file && !model.takes(medium.kind))
        return chat::about(medium,
                           {ErrorCode::unsupported,
                            fmt::format("{} has no {}", model.name, chat::sense_for(medium.kind)),
                            {}});
  using std::chrono::steady_clock;
  const auto end = steady_clock::now() + limits.whole;
  struct File {
    std::shared_ptr<const GivenFile> file;
    std::string type;
  };
  std::map<std::string, File> files;  // by address
  for (chat::Message& message : messages)
    for (chat::Medium& medium : message.media) {
      if (medium.file) continue;
      File& file = files[medium.address];
      if (!file.file) {
        limits.whole =
            std::chrono::duration_cast<std::chrono::milliseconds>(end - steady_clock::now());
        auto fetched = net::guarded_fetch(medium.address, rules, limits, stop);
        if (!fetched.ok()) return chat::about(medium, std::move(fetched).error());
        limits.bytes -= fetched->bytes.size();
        file = {std::make_shared<const GivenFile>(std::move(fetched->bytes)),
                std::move(fetched->type)};
      }
      medium.file = file.file;
      // What a server calls anything ("application/octet-stream") tells nobody what it is.
      if (known_kind(file.type) == medium.kind) medium.type = file.type;
    }
  return ok_status();
}

}  // namespace helicon::http
