// RemoteServer, and the ChatModel that it answers.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <boost/url/parse.hpp>
#include <thread>
#include <utility>

#include "backends/remote_request.h"
#include "backends/remote_server.h"
#include "backends/remote_stream.h"
#include "backends/remote_transfer.h"
#include "base/json_members.h"

namespace helicon::backends {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kFresh{5'000};
constexpr std::chrono::milliseconds kFreshFailure{500};  // a server that is back is back at once
constexpr size_t kMostListBytes = size_t{4} << 20;

// One answer: a thread, which waits for the server most of the time. Agents are a few, so that
// sixteen such threads cost less than one loop for all would take to get right.
class RemoteRun final : public ChatRun {
 public:
  RemoteRun(const RemoteOptions& options, std::string body, int choices, runtime::Listener listener)
      : transfer_(options, "/chat/completions", std::move(body)),
        choices_(choices),
        listener_(std::move(listener)),
        thread_([this] { run(); }) {}
  ~RemoteRun() override {
    transfer_.cancel();
    thread_.join();
  }
  void cancel() override { transfer_.cancel(); }
  int prompt_tokens() const override { return 0; }  // only the server knows, and says at the end

 private:
  void run() {
    RemoteStream stream(choices_);
    std::vector<bool> finished(static_cast<size_t>(choices_), false);
    const auto pass = [&](chat::Event event) {
      if (event.finish) finished[static_cast<size_t>(event.choice)] = true;
      listener_.on_event(std::move(event));
    };
    Status status = transfer_.run([&](std::string_view bytes) { return stream.push(bytes, pass); });
    if (status.ok() && !stream.complete())
      status = Error{ErrorCode::network,
                     stream.begun() ? "the upstream server hung up in the middle of the answer"
                                    : "what the upstream server answers is no stream of events",
                     {}};
    for (int choice = 0; choice < choices_ && !status.ok(); ++choice) {
      if (finished[static_cast<size_t>(choice)]) continue;
      chat::Event event;
      event.choice = choice;
      const bool cancelled = status.error().code == ErrorCode::cancelled;
      event.finish = cancelled ? chat::FinishReason::cancelled : chat::FinishReason::error;
      if (!cancelled) event.error = status.error();
      listener_.on_event(std::move(event));
    }
    listener_.on_done(stream.usage());
  }

  RemoteTransfer transfer_;
  const int choices_;
  const runtime::Listener listener_;
  std::thread thread_;  // last: it uses all of the above
};

class RemoteModel final : public ChatModel {
 public:
  RemoteModel(RemoteOptions options, ModelInfo info)
      : options_(std::move(options)), info_(std::move(info)) {}

  const ModelInfo& info() const override { return info_; }
  Result<std::unique_ptr<ChatRun>> start(ChatRequest request, runtime::Listener listener) override {
    if (request.top_logprobs >= 0)
      return Error{ErrorCode::unsupported, "logprobs: an upstream server's are not passed on",
                   "logprobs"};
    HELICON_ASSIGN(std::string body, body_of(info_.name, request));
    return std::unique_ptr<ChatRun>(std::make_unique<RemoteRun>(
        options_, std::move(body), request.choices, std::move(listener)));
  }
  std::string token_bytes(runtime::TokenId) const override { return {}; }

 private:
  RemoteOptions options_;
  ModelInfo info_;
};

// The first of these that is a positive number; servers call it differently.
int context_length(const json::object& model) {
  for (const char* name : {"max_model_len", "context_length", "max_context_length"})
    if (const json::value* value = model.if_contains(name); value && value->is_int64())
      return static_cast<int>(std::clamp<int64_t>(value->as_int64(), 0, 1 << 30));
  return 0;
}

Result<std::vector<ModelInfo>> read_list(const std::string& body) {
  boost::system::error_code failure;
  const json::value value = json::parse(body, failure);
  const json::value* data =
      !failure && value.is_object() ? value.get_object().if_contains("data") : nullptr;
  if (!data || !data->is_array())
    return Error{ErrorCode::network, "the upstream server's list of models is unreadable", {}};
  std::vector<ModelInfo> models;
  for (const json::value& element : data->get_array()) {
    const json::object* model = element.if_object();
    const json::value* id = model ? model->if_contains("id") : nullptr;
    if (!id || !id->is_string()) continue;
    ModelInfo info;
    info.name = std::string(id->get_string());
    info.architecture = "upstream";
    info.sees = info.hears = true;  // or says that it does not
    info.context_length = context_length(*model);
    // A Helicon would think in our stead, and its thoughts be thought about here.
    info.takes_effort = string_in(model, "owned_by") != "helicon";
    models.push_back(std::move(info));
  }
  return models;
}

}  // namespace

Result<std::shared_ptr<RemoteServer>> RemoteServer::create(RemoteOptions options) {
  std::string& address = options.address;
  const auto parsed = boost::urls::parse_uri(address);
  if (!parsed || (parsed->scheme() != "http" && parsed->scheme() != "https") ||
      parsed->host().empty() || parsed->has_userinfo() || parsed->has_query() ||
      parsed->has_fragment())
    return Error{
        ErrorCode::invalid_argument,
        // Not repeated where it may hold a password.
        address.find('@') == std::string::npos
            ? fmt::format("'{}' is no address of a server, as http://127.0.0.1:8000 is one",
                          address)
            : "an address of a server has no name and password: the key is taken from "
              "HELICON_UPSTREAM_KEY",
        "upstream"};
  // A line's end in a header would begin another one.
  const auto visible = [](unsigned char c) { return c > ' ' && c < 127; };
  if (!std::all_of(options.key.begin(), options.key.end(), visible))
    return Error{ErrorCode::invalid_argument,
                 "HELICON_UPSTREAM_KEY holds a blank or another character that no key has",
                 "upstream_key"};
  while (address.ends_with('/')) address.pop_back();
  if (!address.ends_with("/v1")) address += "/v1";
  return std::shared_ptr<RemoteServer>(new RemoteServer(std::move(options)));
}

Result<std::vector<ModelInfo>> RemoteServer::models() {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (asked_ != std::chrono::steady_clock::time_point{} &&
      now - asked_ < (known_.ok() ? kFresh : kFreshFailure))
    return known_;
  std::string body;
  RemoteOptions options = options_;
  options.silence = options.connect;  // a list comes at once or not at all
  RemoteTransfer transfer(options, "/models", {});
  const Status status = transfer.run([&](std::string_view bytes) -> Status {
    if (body.size() + bytes.size() > kMostListBytes)
      return Error{ErrorCode::network, "the upstream server's list of models is too long", {}};
    body += bytes;
    return ok_status();
  });
  known_ = status.ok() ? read_list(body) : Result<std::vector<ModelInfo>>(status.error());
  asked_ = std::chrono::steady_clock::now();
  return known_;
}

Result<std::shared_ptr<ChatModel>> RemoteServer::model(const std::string& name) {
  HELICON_ASSIGN(const std::vector<ModelInfo> offered, models());
  for (const ModelInfo& info : offered)
    if (info.name == name)
      return std::shared_ptr<ChatModel>(std::make_shared<RemoteModel>(options_, info));
  return Error{ErrorCode::not_found, fmt::format("the upstream server has no model '{}'", name),
               "model"};
}

}  // namespace helicon::backends
