// One HTTP request to a server elsewhere, whose answer is heard as it comes. Of libcurl.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "backends/remote_server.h"

namespace helicon::backends {

// A request that runs on the thread that calls run(), and is cancelled from any other.
class RemoteTransfer {
 public:
  // `body` is posted; empty: a GET.
  RemoteTransfer(const RemoteOptions& options, const std::string& path, std::string body);
  ~RemoteTransfer();
  RemoteTransfer(const RemoteTransfer&) = delete;
  RemoteTransfer& operator=(const RemoteTransfer&) = delete;

  // Hears the body of a 2xx answer in pieces; an error of `on_bytes` ends the transfer and is
  // returned. Errors: network (not reached, hung up, silent), cancelled, and for other answers than
  // 2xx those of error_of(); none has the key in it.
  Status run(const std::function<Status(std::string_view)>& on_bytes);
  // At once, also while nothing comes.
  void cancel();

 private:
  Status perform(const std::function<Status(std::string_view)>& on_bytes);

  struct Curl;
  std::unique_ptr<Curl> curl_;
  std::atomic<bool> cancelled_{false};
};

// What an answer other than 2xx means, by its status and OpenAI's envelope in its body.
Error error_of(const std::string& address, long status, std::string_view body,
               std::string_view retry_after);

}  // namespace helicon::backends
