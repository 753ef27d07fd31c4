// The server-sent events of a chat completion, read into events of ours.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "chat/event.h"

namespace helicon::backends {

// Takes bytes in any pieces. An event is bounded to a megabyte, and so are the calls of a choice,
// which are told when they are whole.
class RemoteStream {
 public:
  explicit RemoteStream(int choices)
      : finished_(static_cast<size_t>(choices), false), calls_(static_cast<size_t>(choices)) {}

  // Calls `on_event` for each event that is complete. Errors: corrupt (no JSON, too large), and
  // what an error within the stream says.
  Status push(std::string_view bytes, const std::function<void(chat::Event)>& on_event);
  // Whether the end was said: every choice finished.
  bool complete() const;
  // Whether any event has come.
  bool begun() const { return begun_; }
  // The server's figures; where it gave none, the pieces that came are counted as tokens.
  chat::Usage usage() const;

 private:
  struct Call {
    std::string id, name, arguments;
  };
  // What a delta adds to a choice's calls: whether anything. Error: network.
  Result<bool> add_calls(const boost::json::object& delta, std::vector<Call>& calls);
  static Result<std::vector<chat::ToolCall>> whole(const std::vector<Call>& calls);
  Status take_line(const std::function<void(chat::Event)>& on_event);
  Status take_data(std::string_view data, const std::function<void(chat::Event)>& on_event);

  std::string line_;
  std::string data_;  // of the event that is being read
  std::vector<bool> finished_;
  std::vector<std::vector<Call>> calls_;  // by choice
  chat::Usage usage_;
  bool begun_ = false;
  bool has_usage_ = false;
  int pieces_ = 0;
  int reasoning_pieces_ = 0;
};

}  // namespace helicon::backends
