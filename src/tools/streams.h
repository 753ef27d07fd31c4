// What goes in and out of a sandboxed program: pipes that no other child inherits.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor.h"
#include "base/result.h"

namespace helicon::tools {

// Error io of the call named, with errno's words.
Error system_error(std::string_view what);

// Both ends are closed in any child, and their numbers are out of the way of those that a child has
// them under. Error: io.
struct Pipe {
  Descriptor read, write;
};
Result<Pipe> make_pipe();

// Bytes on their way to a child, as it takes them. The reading end stays open here as well: a child
// that does not read to the end, or is gone, is no SIGPIPE for us.
class Feed {
 public:
  // `bytes` have to live as long. Error: io.
  static Result<Feed> make(std::string_view bytes);
  // Writes what the pipe takes now, and its end once all is written.
  void push();
  int child_end() const { return pipe_.read.value(); }
  int our_end() const { return pipe_.write.value(); }  // -1 when all is written

 private:
  Feed(Pipe pipe, std::string_view rest) : pipe_(std::move(pipe)), rest_(rest) {}
  Pipe pipe_;
  std::string_view rest_;
};

// Collects what a child writes, or passes it on as it comes. Of more than `most` bytes it keeps the
// beginning and, as it says most, the end, a quarter and three quarters.
class Collector {
 public:
  using Sink = std::function<bool(std::string_view)>;  // false: that is enough
  static Result<Collector> make(size_t most, Sink sink = {});
  // Takes what the pipe has now, but no more than some at once, so that a child that writes without
  // end does not keep its caller from the clock.
  void pull();
  void close_child_end() { pipe_.write.reset(); }
  int child_end() const { return pipe_.write.value(); }
  int our_end() const { return pipe_.read.value(); }  // -1 after the end
  // All of it, at the end and once; in the gap a line "[... 123 bytes left out ...]", beyond
  // `most`.
  std::string take();
  bool truncated() const { return dropped_ > 0; }  // after take()
  bool refused() const { return refused_; }        // by the sink, which gets nothing from then on

 private:
  Collector(Pipe pipe, size_t most, Sink sink)
      : pipe_(std::move(pipe)), most_(most), sink_(std::move(sink)) {}
  void keep(std::string_view bytes);
  void trim();

  Pipe pipe_;
  size_t most_;
  Sink sink_;
  bool refused_ = false;
  std::string head_, tail_;
  size_t dropped_ = 0;  // bytes between them
};

}  // namespace helicon::tools
