#include "text/message_reply.h"

#include <algorithm>
#include <utility>

#include "text/atem_calls.h"
#include "text/marker.h"

namespace helicon::text {
namespace {

constexpr std::string_view kMessage = "<|message|>";
constexpr std::string_view kMarkers[] = {kMessage, "<|start|>", "<|eom|>", "<|eot|>",
                                         "<|end_of_text|>"};
constexpr size_t kLongestHeader = 256;
constexpr std::string_view kRole = "assistant";
constexpr std::string_view kTo = "to=";

// Whether it is, or may become, "assistant to=NAME".
bool may_be_header(std::string_view text) {
  if (text.size() > kLongestHeader) return false;
  text = behind_blanks(text);
  if (kRole.starts_with(text)) return true;
  if (text.starts_with(kRole)) {
    text.remove_prefix(kRole.size());
    if (kBlanks.find(text.front()) == std::string_view::npos) return false;
    text = behind_blanks(text);
  }
  if (kTo.starts_with(text)) return true;
  // A name, and blanks at most behind it.
  return text.starts_with(kTo) && trimmed(text).find_first_of(kBlanks) == std::string_view::npos;
}

std::string_view recipient_of(std::string_view header) {
  const size_t to = header.find(kTo);
  return to == std::string_view::npos ? std::string_view()
                                      : trimmed(header.substr(to + kTo.size()));
}

}  // namespace

ReplyPieces MessageReply::push(std::string_view text) {
  ReplyPieces pieces;
  held_ += text;
  std::string_view rest = held_;
  for (;;) {
    size_t first = std::string_view::npos;
    std::string_view marker;
    for (const std::string_view one : kMarkers)
      if (const size_t at = rest.find(one); at < first) {
        first = at;
        marker = one;
      }
    if (marker.empty()) break;
    take(rest.substr(0, first), pieces);
    take_marker(marker, pieces);
    rest.remove_prefix(first + marker.size());
  }
  size_t hold = 0;
  for (const std::string_view one : kMarkers) hold = std::max(hold, beginning_of(one, rest));
  take(rest.substr(0, rest.size() - hold), pieces);
  held_ = std::string(rest.substr(rest.size() - hold));
  return pieces;
}

ReplyPieces MessageReply::finish(bool cut) {
  ReplyPieces pieces;
  take(std::exchange(held_, {}), pieces);
  end_message(cut, pieces);
  return pieces;
}

void MessageReply::take(std::string_view text, ReplyPieces& pieces) {
  if (text.empty()) return;
  switch (part_) {
    case Part::header:
      return take_header(text, pieces);
    case Part::reasoning:
      return add_reasoning(text, pieces);
    case Part::text:
      return add_text(text, pieces);
    case Part::call:
      call_ += text;
  }
}

// A model that leaves the header out speaks to the user.
void MessageReply::take_header(std::string_view text, ReplyPieces& pieces) {
  header_ += text;
  if (may_be_header(header_)) return;
  begin_message(Part::text);
  add_text(std::exchange(header_, {}), pieces);
}

void MessageReply::take_marker(std::string_view marker, ReplyPieces& pieces) {
  if (marker != kMessage) return end_message(false, pieces);
  if (part_ != Part::header) return;  // within a message it means nothing
  const std::string header = std::exchange(header_, {});
  const std::string_view recipient = recipient_of(header);
  const bool shown = recipient.empty() || recipient == "user" || recipient == "commentary";
  begin_message(shown ? Part::text : recipient == "self" ? Part::reasoning : Part::call);
}

void MessageReply::begin_message(Part part) {
  part_ = part;
  begins_ = true;
}

void MessageReply::end_message(bool cut, ReplyPieces& pieces) {
  const Part part = std::exchange(part_, Part::header);
  const std::string header = std::exchange(header_, {});
  if (part == Part::header && recipient_of(header).empty() && trimmed(header) != kRole)
    add_text(trimmed(header), pieces);  // a word that only looked like the beginning of one
  if (part != Part::call) return;
  const AtemCalls read = read_atem_calls(std::exchange(call_, {}), tools_, cut);
  add_text(read.before, pieces);
  pieces.calls.insert(pieces.calls.end(), read.calls.begin(), read.calls.end());
}

// Messages of one kind are paragraphs.
void MessageReply::add_text(std::string_view text, ReplyPieces& pieces) {
  if (text.empty()) return;
  if (std::exchange(begins_, false) && any_text_) pieces.text += "\n\n";
  any_text_ = true;
  pieces.text += text;
}

void MessageReply::add_reasoning(std::string_view text, ReplyPieces& pieces) {
  if (std::exchange(begins_, false) && any_reasoning_) pieces.reasoning += "\n\n";
  any_reasoning_ = true;
  pieces.reasoning += text;
}

}  // namespace helicon::text
