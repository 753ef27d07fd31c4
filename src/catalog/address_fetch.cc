#include "catalog/address_fetch.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>

#include "net/curl.h"

namespace helicon::catalog {
namespace {

// So many failures in a row without one new byte, and we give up.
constexpr int patience = 3;

// One request and what came of it.
struct Transfer {
  CURL* curl = nullptr;
  std::uint64_t bytes = 0;  // of the whole file
  PartialFile* partial = nullptr;
  Meter* meter = nullptr;
  std::stop_token stop;
  std::optional<std::uint64_t> range_start;  // of Content-Range, in the last response
  bool started = false;                      // the body has begun
  std::optional<Error> error;                // why we broke it off
};

Error network_error(const std::string& address, std::string_view what) {
  return Error{ErrorCode::network, fmt::format("{}: {}", address, what), ""};
}

// "Content-Range: bytes 100-999/1000" gives 100. Called for the headers of redirections, too.
std::size_t on_header(const char* text, std::size_t, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  std::string line(text, size);
  std::transform(line.begin(), line.end(), line.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::string_view range = "content-range: bytes ";
  if (line.starts_with("http/")) transfer.range_start.reset();
  if (line.starts_with(range)) {
    std::uint64_t start = 0;
    const char* first = line.data() + range.size();
    if (std::from_chars(first, line.data() + line.size(), start).ec == std::errc()) {
      transfer.range_start = start;
    }
  }
  return size;
}

// Whether the body that now begins fits behind what we have; where it is the whole file, we start
// anew.
Status begin(Transfer& transfer) {
  PartialFile& partial = *transfer.partial;
  const bool whole = net::status_of(transfer.curl) == 200;
  if (whole && partial.size() > 0) HELICON_TRY(partial.restart());
  if (!whole && transfer.range_start != partial.size()) {
    return Error{
        ErrorCode::network,
        fmt::format("the server was asked for byte {} on, and sent something else", partial.size()),
        ""};
  }
  curl_off_t length = -1;
  curl_easy_getinfo(transfer.curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  if (length >= 0 && partial.size() + static_cast<std::uint64_t>(length) != transfer.bytes) {
    return Error{ErrorCode::checksum,
                 fmt::format("the server's file has {} bytes, not {}",
                             partial.size() + static_cast<std::uint64_t>(length), transfer.bytes),
                 ""};
  }
  return ok_status();
}

std::size_t on_body(const char* data, std::size_t, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  Status status = ok_status();
  if (!transfer.started) {
    transfer.started = true;
    status = begin(transfer);
  }
  if (status.ok() && transfer.partial->size() + size > transfer.bytes) {
    status = Error{ErrorCode::checksum,
                   fmt::format("the server's file has more than {} bytes", transfer.bytes), ""};
  }
  if (status.ok()) status = transfer.partial->append(std::as_bytes(std::span(data, size)));
  if (!status.ok()) {
    transfer.error = std::move(status).error();
    return 0;  // curl ends the transfer
  }
  transfer.meter->report(transfer.partial->size(), "fetching");
  return size;
}

// curl calls this at least once a second, also while nothing arrives.
int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->stop.stop_requested() ? 1 : 0;
}

void configure(CURL* curl, const std::string& address, Transfer& transfer,
               std::chrono::seconds stall) {
  const auto set = [curl](CURLoption option, auto value) { curl_easy_setopt(curl, option, value); };
  set(CURLOPT_URL, address.c_str());
  // Who started encrypted stays so.
  set(CURLOPT_REDIR_PROTOCOLS_STR, address.starts_with("https:") ? "https" : "http,https");
  set(CURLOPT_FOLLOWLOCATION, 1L);
  set(CURLOPT_MAXREDIRS, 10L);
  set(CURLOPT_FAILONERROR, 1L);
  set(CURLOPT_USERAGENT, "helicon");
  set(CURLOPT_CONNECTTIMEOUT, 30L);
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(stall.count()));
  set(CURLOPT_HEADERFUNCTION, on_header);
  set(CURLOPT_HEADERDATA, &transfer);
  set(CURLOPT_WRITEFUNCTION, on_body);
  set(CURLOPT_WRITEDATA, &transfer);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, on_progress);
  set(CURLOPT_XFERINFODATA, &transfer);
}

// False for what trying again would not change.
bool worth_another_try(CURLcode code, long status) {
  switch (code) {
    case CURLE_HTTP_RETURNED_ERROR:
      return status == 408 || status == 429 || status >= 500;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

// False where `stop` came first.
bool wait(std::chrono::milliseconds time, std::stop_token stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never;
  never.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

struct Outcome {
  CURLcode code = CURLE_OK;
  long status = 0;
  std::string text;  // curl's own words
};

Result<Outcome> attempt(const std::string& address, std::uint64_t bytes, PartialFile& partial,
                        Meter& meter, std::chrono::seconds stall, std::stop_token stop) {
  const net::Curl curl = net::new_curl();
  if (!curl) return Error{ErrorCode::internal, "curl could not be started", ""};
  Transfer transfer{.curl = curl.get(),
                    .bytes = bytes,
                    .partial = &partial,
                    .meter = &meter,
                    .stop = stop,
                    .range_start = {},
                    .error = {}};
  configure(curl.get(), address, transfer, stall);
  char words[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, words);
  const std::string range = fmt::format("{}-", partial.size());
  if (partial.size() > 0) curl_easy_setopt(curl.get(), CURLOPT_RANGE, range.c_str());

  Outcome outcome;
  outcome.code = curl_easy_perform(curl.get());
  outcome.status = net::status_of(curl.get());
  outcome.text = net::words_of(words, outcome.code);
  if (transfer.error) {
    transfer.error->message = fmt::format("{}: {}", address, transfer.error->message);
    return *transfer.error;
  }
  if (outcome.code == CURLE_ABORTED_BY_CALLBACK) return Error{ErrorCode::cancelled, "stopped", ""};
  // An answer without a body that is not an error, to a file that is not empty: 204, or a length of
  // nought.
  if (outcome.code == CURLE_OK && !transfer.started) {
    outcome.code = CURLE_GOT_NOTHING;
    outcome.text = fmt::format("status {} without a body", outcome.status);
  }
  return outcome;
}

}  // namespace

Status fetch_address(const std::string& address, std::uint64_t bytes, PartialFile& partial,
                     Meter& meter, std::chrono::seconds stall, std::stop_token stop) {
  if (partial.size() > bytes) HELICON_TRY(partial.restart());
  for (int failures = 0; partial.size() < bytes;) {
    const std::uint64_t before = partial.size();
    HELICON_ASSIGN(const Outcome outcome, attempt(address, bytes, partial, meter, stall, stop));
    if (partial.size() == bytes) break;
    failures = partial.size() > before ? 1 : failures + 1;
    // What we have lies beyond the server's file, or it does not know ranges at all.
    if (outcome.status == 416 && partial.size() > 0) {
      HELICON_TRY(partial.restart());
      continue;
    }
    const bool broken_off = outcome.code == CURLE_OK;  // it ended early, and without a length
    if (failures >= patience || !(broken_off || worth_another_try(outcome.code, outcome.status))) {
      return network_error(address, broken_off ? "the connection ended early" : outcome.text);
    }
    if (!wait(std::chrono::milliseconds(300) * failures, stop)) {
      return Error{ErrorCode::cancelled, "stopped", ""};
    }
  }
  return ok_status();
}

}  // namespace helicon::catalog
