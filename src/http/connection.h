// One client's connection: reads requests, has them answered, keeps to the limits and time-outs.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>

#include "http/services.h"

namespace helicon::http {

// All members run on the connection's strand, which is the executor of its socket.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual boost::asio::any_io_executor executor() = 0;
  // Closes where no request is under way, and otherwise after the answer.
  virtual void stop() = 0;
  // Ends the answer under way: its client is told that the server stops.
  virtual void interrupt() = 0;
  // Closes now.
  virtual void close() = 0;
};

// Begins to serve, on the socket's executor. `ended` is called there when all is over.
std::shared_ptr<Connection> serve_connection(boost::asio::ip::tcp::socket socket,
                                             Services& services, std::function<void()> ended);

}  // namespace helicon::http
