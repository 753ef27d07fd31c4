#include "output.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "http/utf8.h"

namespace helicon::apps {
namespace {

// 0, or errno.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace

Status print(std::string_view text) {
  const int error = write_all(STDOUT_FILENO, text);
  if (error == 0) return ok_status();
  if (error == EPIPE) {
    ::signal(SIGPIPE, SIG_DFL);
    ::raise(SIGPIPE);
  }
  return Error{error == ENOSPC ? ErrorCode::no_space : ErrorCode::io,
               fmt::format("standard output: {}", std::strerror(error))};
}

int fail(const Error& error) {
  constexpr int interrupted = 128 + SIGINT;  // as the shell counts
  note(error.message);
  return error.code == ErrorCode::cancelled ? interrupted : 1;
}

void note(std::string_view message) {
  // Nowhere is left to complain when standard error fails.
  write_all(STDERR_FILENO,
            fmt::format("helicon: {}\n", printable(http::valid_utf8(message), true)));
}

int exit_code_of(const Status& status) { return status.ok() ? 0 : fail(status.error()); }

PassingNote::PassingNote(std::string_view message) : shown_(::isatty(STDERR_FILENO) == 1) {
  if (shown_) write_all(STDERR_FILENO, printable(http::valid_utf8(message), true));
}

PassingNote::~PassingNote() {
  if (shown_) write_all(STDERR_FILENO, "\r\x1b[K");
}

bool output_is_terminal() { return ::isatty(STDOUT_FILENO) == 1; }
bool input_is_terminal() { return ::isatty(STDIN_FILENO) == 1; }

std::string printable(std::string_view text, bool one_line) {
  std::string shown;
  shown.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool keeps_layout = (byte == '\n' || byte == '\t') && !one_line;
    if (byte < 0x20 && !keeps_layout) {
      // The control pictures U+2400 to U+241F, in the order of the characters they stand for.
      shown += "\xe2\x90";
      shown += static_cast<char>(0x80 + byte);
    } else if (byte == 0x7f) {
      shown += "\xe2\x90\xa1";
    } else if (byte == 0xc2 && i + 1 < text.size() &&
               static_cast<unsigned char>(text[i + 1]) < 0xa0) {
      // U+0080 to U+009F: a terminal may take them for escape sequences.
      shown += "\xef\xbf\xbd";
      ++i;
    } else {
      shown += text[i];
    }
  }
  return shown;
}

std::string readable_bytes(double bytes) {
  constexpr std::array<const char*, 5> units = {"B", "kB", "MB", "GB", "TB"};
  size_t unit = 0;
  while (bytes >= 999.5 && unit + 1 < units.size()) {
    bytes /= 1000;
    ++unit;
  }
  return unit >= 2 && bytes < 9.95 ? fmt::format("{:.1f} {}", bytes, units[unit])
                                   : fmt::format("{:.0f} {}", bytes, units[unit]);
}

}  // namespace helicon::apps
