// One request and its answer, as handlers see them: plain strings, and coroutines that send.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace helicon::http {

template <typename T>
using Awaitable = boost::asio::awaitable<T>;

struct Header {
  std::string name;
  std::string value;
};

struct Request {
  std::string method;           // "POST"
  std::string path;             // as sent, without the query: percent signs are not decoded
  std::string host;             // of the Host header, or of a target in absolute form
  std::vector<Header> headers;  // names in lower case
  std::string body;
  std::string peer;           // the client's address, without port
  std::string local_address;  // ours, that the client reached

  // The value of the first header of that (lower-case) name, or nothing.
  std::string_view header(std::string_view name) const;
};

struct Reply {
  int status = 200;
  std::vector<Header> headers;
  std::string body;
  std::string_view
      lasting_body;  // sent instead of `body` where not empty; outlives the program's use
};

Reply json_reply(int status, std::string body);
Reply error_reply(const Error& error);

// Why an answer should end early.
enum class Interrupt {
  none,
  hang_up,   // the client is gone: nobody reads any more
  stopping,  // the server stops: say so, and end
  overflow,  // the client reads too slowly: what waits for it is past its bound
};

// All members run on the connection's strand.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const Request& request() const = 0;
  virtual boost::asio::any_io_executor executor() = 0;
  // The body is not needed any more: its memory is free for other requests.
  virtual void drop_body() = 0;

  // Sends a whole answer. Once, or else the three below. A client that is gone is no error: what
  // is sent to it goes nowhere.
  virtual Awaitable<void> send(Reply reply) = 0;
  virtual Awaitable<void> begin_stream(Reply head) = 0;
  virtual Awaitable<void> write(std::string text) = 0;
  virtual Awaitable<void> end_stream() = 0;

  // From now until the answer is complete, `interrupted` is called when the client hangs up or the
  // server stops; at once if that has happened already.
  virtual void watch(std::function<void(Interrupt)> interrupted) = 0;
  // Something for the access log: figures, never contents.
  virtual void annotate(std::string note) = 0;
};

}  // namespace helicon::http
