#include "backends/fake_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace helicon::backends {
namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = text.find(' ', begin);
    end = end == std::string::npos ? text.size() : end + 1;
    words.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

int prompt_tokens_of(const ChatRequest& request) {
  size_t words = 0;
  for (const chat::Message& message : request.messages) words += words_of(message.content).size();
  return static_cast<int>(words);
}

}  // namespace

struct FakeModel::Shared {
  Counters counters;
  mutable std::mutex mutex;
  std::optional<ChatRequest> last_request;  // guarded by mutex, as is the next
  std::vector<std::string> vocabulary;      // of the latest reply
};

class FakeModel::Run final : public ChatRun {
 public:
  Run(const FakeModelOptions& options, ChatRequest request, std::vector<std::string> words,
      runtime::Listener listener, std::shared_ptr<Shared> shared)
      : options_(options),
        request_(std::move(request)),
        words_(std::move(words)),
        listener_(std::move(listener)),
        shared_(std::move(shared)),
        prompt_tokens_(prompt_tokens_of(request_)) {
    ++shared_->counters.started;
    ++shared_->counters.running;
    thread_ = std::thread([this] { answer(); });
  }
  ~Run() override {
    cancel();
    thread_.join();
  }

  void cancel() override {
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
    }
    wake_.notify_all();
  }
  int prompt_tokens() const override { return prompt_tokens_; }

 private:
  // False: cancelled before the delay was over.
  bool wait_for_token() {
    std::unique_lock lock(mutex_);
    return !wake_.wait_for(lock, options_.token_delay, [&] { return cancelled_; });
  }

  void answer() {
    using runtime::FinishReason;
    const bool bounded = request_.max_tokens >= 0 && !options_.unbounded;
    const int limit = bounded ? request_.max_tokens : 1 << 20;
    const int words = static_cast<int>(words_.size());
    const int length = options_.endless ? limit : std::min(words, limit);
    const bool cut = options_.endless || words > limit;
    bool was_cancelled = false;
    bool failed = false;
    int made = 0;
    while (made < length) {
      failed = options_.fail && made >= options_.fail_after;
      was_cancelled = !wait_for_token();
      if (failed || was_cancelled) break;
      for (int choice = 0; choice < request_.choices; ++choice) send_token(choice, made % words);
      ++made;
    }
    for (int choice = 0; choice < request_.choices; ++choice) {
      runtime::Event event;
      event.choice = choice;
      event.finish = failed          ? FinishReason::error
                     : was_cancelled ? FinishReason::cancelled
                     : cut           ? FinishReason::length
                                     : FinishReason::stop;
      if (failed) event.error = options_.fail;
      listener_.on_event(std::move(event));
    }
    runtime::Usage usage;
    usage.prompt_tokens = prompt_tokens_;
    usage.completion_tokens = made * request_.choices;
    usage.cached_tokens = options_.cached_tokens;
    if (was_cancelled && !failed) ++shared_->counters.cancelled;
    --shared_->counters.running;
    listener_.on_done(usage);
  }

  void send_token(int choice, int id) {
    runtime::Event event;
    event.choice = choice;
    event.token = id;
    event.text = words_[static_cast<size_t>(id)];
    if (options_.reasons && !answering_) {
      answering_ = event.text == "</think> ";
      event.reasoning = answering_ ? "" : std::exchange(event.text, {});
      event.text.clear();
    }
    if (request_.top_logprobs >= 0) {
      event.logprob = runtime::TokenLogprob{id, -0.25f};
      for (int i = 0; i < request_.top_logprobs; ++i) {
        event.alternatives.push_back({i == 0 ? id : i, -0.25f * static_cast<float>(i + 1)});
      }
    }
    ++shared_->counters.tokens;
    listener_.on_event(std::move(event));
  }

  const FakeModelOptions options_;
  const ChatRequest request_;
  const std::vector<std::string> words_;
  const runtime::Listener listener_;
  const std::shared_ptr<Shared> shared_;
  const int prompt_tokens_;
  bool answering_ = false;  // its reasoning is over
  std::mutex mutex_;
  std::condition_variable wake_;
  bool cancelled_ = false;
  std::thread thread_;
};

FakeModel::FakeModel(FakeModelOptions options)
    : options_(std::move(options)), shared_(std::make_shared<Shared>()) {
  info_.name = options_.name;
  info_.architecture = "fake";
  info_.quantization = "none";
  info_.context_length = options_.context_length;
  info_.reasons = options_.reasons;
  info_.takes_effort = options_.takes_effort;
}

FakeModel::~FakeModel() = default;

Result<std::unique_ptr<ChatRun>> FakeModel::start(ChatRequest request, runtime::Listener listener) {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->last_request = request;
  }
  if (options_.refuse) return *options_.refuse;
  const int prompt = prompt_tokens_of(request);
  if (std::max(request.max_tokens, 1) > options_.context_length - prompt)
    return Error{ErrorCode::context_length,
                 fmt::format("the prompt has {} tokens and max_tokens is {}; the context holds {}",
                             prompt, request.max_tokens, options_.context_length),
                 "max_tokens"};
  std::string reply = options_.reply.empty() ? request.messages.back().content : options_.reply;
  if (options_.answer) {
    HELICON_ASSIGN(reply, options_.answer(request));
  }
  for (const std::string& stop : request.stop) reply = reply.substr(0, reply.find(stop));
  std::vector<std::string> words = words_of(reply);
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->vocabulary = words;
  }
  return std::unique_ptr<ChatRun>(std::make_unique<Run>(
      options_, std::move(request), std::move(words), std::move(listener), shared_));
}

std::string FakeModel::token_bytes(runtime::TokenId token) const {
  const std::lock_guard lock(shared_->mutex);
  const auto place = static_cast<size_t>(token);
  return place < shared_->vocabulary.size() ? shared_->vocabulary[place] : std::string();
}

const FakeModel::Counters& FakeModel::counters() const { return shared_->counters; }

std::optional<ChatRequest> FakeModel::last_request() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->last_request;
}

}  // namespace helicon::backends
