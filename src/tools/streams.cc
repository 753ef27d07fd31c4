#include "tools/streams.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace helicon::tools {
namespace {

constexpr int kLowest = 16;            // of our own descriptors' numbers
constexpr size_t kAtOnce = 256 << 10;  // bytes pulled before the clock is looked at again

}  // namespace

Error system_error(std::string_view what) {
  return Error{ErrorCode::io, fmt::format("the sandbox: {}: {}", what, std::strerror(errno)), {}};
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return system_error("pipe");
  const Descriptor first(ends[0]), second(ends[1]);
  Pipe result{Descriptor(fcntl(first.value(), F_DUPFD_CLOEXEC, kLowest)),
              Descriptor(fcntl(second.value(), F_DUPFD_CLOEXEC, kLowest))};
  if (!result.read.open() || !result.write.open()) return system_error("fcntl");
  return result;
}

Result<Feed> Feed::make(std::string_view bytes) {
  HELICON_ASSIGN(Pipe pipe, make_pipe());
  if (fcntl(pipe.write.value(), F_SETFL, O_NONBLOCK) != 0) return system_error("fcntl");
  Feed feed(std::move(pipe), bytes);
  feed.push();
  return feed;
}

void Feed::push() {
  while (pipe_.write.open() && !rest_.empty()) {
    const ssize_t written = write(pipe_.write.value(), rest_.data(), rest_.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return;  // full
    rest_.remove_prefix(static_cast<size_t>(written));
  }
  pipe_.write.reset();
}

Result<Collector> Collector::make(size_t most, Sink sink) {
  HELICON_ASSIGN(Pipe pipe, make_pipe());
  if (fcntl(pipe.read.value(), F_SETFL, O_NONBLOCK) != 0) return system_error("fcntl");
  return Collector(std::move(pipe), most, std::move(sink));
}

void Collector::pull() {
  std::array<char, 16'384> buffer;
  for (size_t pulled = 0; pipe_.read.open() && pulled < kAtOnce;) {
    const ssize_t count = read(pipe_.read.value(), buffer.data(), buffer.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return pipe_.read.reset();
    const std::string_view bytes(buffer.data(), static_cast<size_t>(count));
    if (!sink_)
      keep(bytes);
    else if (!refused_)
      refused_ = !sink_(bytes);
    pulled += static_cast<size_t>(count);
  }
}

void Collector::keep(std::string_view bytes) {
  const size_t head = std::min(most_ / 4 - head_.size(), bytes.size());
  head_.append(bytes.substr(0, head));
  tail_.append(bytes.substr(head));
  // Not at each piece, as it moves all that stays.
  if (tail_.size() > 2 * most_) trim();
}

void Collector::trim() {
  const size_t most = most_ - most_ / 4;
  if (tail_.size() <= most) return;
  dropped_ += tail_.size() - most;
  tail_.erase(0, tail_.size() - most);
}

std::string Collector::take() {
  trim();
  if (dropped_ == 0) return std::move(head_) + tail_;
  return fmt::format("{}\n[... {} bytes left out ...]\n{}", head_, dropped_, tail_);
}

}  // namespace helicon::tools
