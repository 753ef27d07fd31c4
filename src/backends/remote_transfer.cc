#include "backends/remote_transfer.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>

#include "base/json_members.h"
#include "net/curl.h"

namespace helicon::backends {
namespace {

constexpr size_t kMostErrorBytes = size_t{64} << 10;
constexpr std::string_view kHidden = "[key]";

std::string one_line(std::string_view text, size_t most = 400) {
  std::string line(text.substr(0, most));
  for (char& c : line)
    if (static_cast<unsigned char>(c) < ' ' || c == 127) c = ' ';
  return line;
}

}  // namespace

Error error_of(const std::string& address, long status, std::string_view body,
               std::string_view retry_after) {
  std::string message, code, parameter;
  boost::system::error_code failure;
  const boost::json::value value = boost::json::parse(body, failure);
  if (const boost::json::object* whole = failure ? nullptr : value.if_object()) {
    const boost::json::object* error = object_in(whole, "error");
    if (!error) error = whole;
    message = string_in(error, "message");
    code = string_in(error, "code");
    parameter = string_in(error, "param");
  }
  if (message.empty()) message = body.empty() ? "no reason was given" : one_line(body);
  struct Meaning {
    long status;
    ErrorCode code;
  };
  constexpr Meaning meanings[] = {
      {400, ErrorCode::invalid_argument}, {401, ErrorCode::unsupported},
      {403, ErrorCode::unsupported},      {404, ErrorCode::not_found},
      {413, ErrorCode::too_large},        {422, ErrorCode::invalid_argument},
      {429, ErrorCode::overloaded},       {503, ErrorCode::overloaded}};
  const auto* found = std::find_if(std::begin(meanings), std::end(meanings),
                                   [&](const Meaning& one) { return one.status == status; });
  Error result{found == std::end(meanings) ? ErrorCode::network : found->code,
               fmt::format("{} answers {}: {}", address, status, one_line(message)), parameter};
  if (code == "context_length_exceeded") result.code = ErrorCode::context_length;
  if (code == "unsupported") result.code = ErrorCode::unsupported;
  if (!retry_after.empty())
    result.message += fmt::format(" (to be tried again in {} s)", one_line(retry_after, 20));
  return result;
}

struct RemoteTransfer::Curl {
  net::Curl easy = net::new_curl();
  CURLM* multi = nullptr;
  curl_slist* headers = nullptr;
  std::string address;  // of the server, for messages
  std::string key;
  std::string body;
  std::string error_body;
  std::string retry_after;
  char reason[CURL_ERROR_SIZE] = "";
  const std::function<Status(std::string_view)>* on_bytes = nullptr;
  std::optional<Error> refused;  // by on_bytes

  ~Curl() {
    if (multi && easy) curl_multi_remove_handle(multi, easy.get());
    if (multi) curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
  }
  long status() const { return net::status_of(easy.get()); }
  static size_t write(const char* data, size_t, size_t size, void* user) {
    auto& self = *static_cast<Curl*>(user);
    if (self.status() / 100 != 2) {
      self.error_body.append(data, std::min(size, kMostErrorBytes - self.error_body.size()));
      return size;
    }
    Status status = (*self.on_bytes)({data, size});
    if (status.ok()) return size;
    self.refused = std::move(status).error();
    return 0;
  }
  static size_t header(const char* data, size_t, size_t size, void* user) {
    constexpr std::string_view name = "retry-after:";
    std::string line(data, size);
    for (char& c : line) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (!line.starts_with(name)) return size;
    line = line.substr(name.size());
    std::erase_if(line, [](unsigned char c) { return std::isspace(c) != 0; });
    static_cast<Curl*>(user)->retry_after = line;
    return size;
  }
};

RemoteTransfer::RemoteTransfer(const RemoteOptions& options, const std::string& path,
                               std::string body)
    : curl_(std::make_unique<Curl>()) {
  Curl& curl = *curl_;
  curl.address = options.address;
  curl.key = options.key;
  curl.body = std::move(body);
  curl.multi = curl_multi_init();
  if (!curl.easy || !curl.multi) return;
  const auto set = [&curl](CURLoption option, auto value) {
    curl_easy_setopt(curl.easy.get(), option, value);
  };
  set(CURLOPT_URL, (options.address + path).c_str());
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect.count()));
  // Fewer than one byte a second, for so long.
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, std::max(1L, static_cast<long>(options.silence.count() / 1000)));
  set(CURLOPT_ERRORBUFFER, curl.reason);
  set(CURLOPT_WRITEFUNCTION, &Curl::write);
  set(CURLOPT_WRITEDATA, &curl);
  set(CURLOPT_HEADERFUNCTION, &Curl::header);
  set(CURLOPT_HEADERDATA, &curl);
  const auto header = [&curl](const std::string& line) {
    curl.headers = curl_slist_append(curl.headers, line.c_str());
  };
  if (!options.key.empty()) header("Authorization: Bearer " + options.key);
  if (!curl.body.empty()) {
    header("Content-Type: application/json");
    header("Expect:");  // no waiting for a 100 Continue
    set(CURLOPT_POSTFIELDS, curl.body.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(curl.body.size()));
  }
  set(CURLOPT_HTTPHEADER, curl.headers);
  curl_multi_add_handle(curl.multi, curl.easy.get());
}

RemoteTransfer::~RemoteTransfer() = default;

void RemoteTransfer::cancel() {
  cancelled_.store(true);
  if (curl_->multi) curl_multi_wakeup(curl_->multi);
}

Status RemoteTransfer::run(const std::function<Status(std::string_view)>& on_bytes) {
  Status status = perform(on_bytes);
  if (status.ok()) return status;
  // Some servers repeat the key that they refuse.
  Error error = std::move(status).error();
  const std::string& key = curl_->key;
  for (std::string* text : {&error.message, &error.parameter})
    for (size_t at = 0; !key.empty() && (at = text->find(key, at)) != std::string::npos;
         at += kHidden.size())
      text->replace(at, key.size(), kHidden);
  return error;
}

Status RemoteTransfer::perform(const std::function<Status(std::string_view)>& on_bytes) {
  Curl& curl = *curl_;
  if (!curl.easy || !curl.multi)
    return Error{ErrorCode::out_of_memory, "libcurl cannot be set up", {}};
  curl.on_bytes = &on_bytes;
  CURLcode outcome = CURLE_OK;
  for (int running = 1; running > 0;) {
    if (cancelled_.load()) return Error{ErrorCode::cancelled, "stopped", {}};
    if (curl_multi_perform(curl.multi, &running) != CURLM_OK ||
        (running > 0 && curl_multi_poll(curl.multi, nullptr, 0, 1000, nullptr) != CURLM_OK))
      return Error{ErrorCode::network, fmt::format("{}: libcurl fails", curl.address), {}};
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(curl.multi, &left))
      if (message->msg == CURLMSG_DONE) outcome = message->data.result;
  }
  if (curl.refused) return *curl.refused;
  if (outcome == CURLE_OPERATION_TIMEDOUT && curl.status() / 100 == 2)
    return Error{ErrorCode::network, fmt::format("{} has fallen silent", curl.address), {}};
  if (outcome != CURLE_OK)
    return Error{ErrorCode::network,
                 fmt::format("{}: {}", curl.address, one_line(net::words_of(curl.reason, outcome))),
                 {}};
  if (curl.status() / 100 != 2)
    return error_of(curl.address, curl.status(), curl.error_body, curl.retry_after);
  return ok_status();
}

}  // namespace helicon::backends
