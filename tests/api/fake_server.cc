// The HTTP server over models without weights, for clients in tests: see the table for what they
// can be asked to do. Prints its address, serves until SIGTERM.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "backends/fake_model.h"
#include "base/log.h"
#include "http/server.h"

namespace helicon {
namespace {

using backends::FakeModelOptions;

// A model by the name "unloadable" is in the list as well, but does not fit.
std::vector<FakeModelOptions> models() {
  return {
      {.name = "echo", .cached_tokens = 1},  // says the last message again
      {.name = "slow",
       .reply = "tick tock ",
       .token_delay = std::chrono::milliseconds(20),
       .endless = true},
      {.name = "flood", .reply = "more and more words ", .endless = true},
      {.name = "fails",
       .reply = "a b c d e",
       .fail = Error{ErrorCode::internal, "the model broke down", {}},
       .fail_after = 3},
      {.name = "full", .refuse = Error{ErrorCode::overloaded, "too many requests wait", {}}},
      {.name = "short",
       .refuse = Error{ErrorCode::context_length, "messages: 9000 tokens, but the model takes 8192",
                       "messages"}},
  };
}

backends::ModelSource source() {
  backends::ModelSource source;
  source.names = [] {
    std::vector<std::string> names;
    for (const FakeModelOptions& options : models()) names.push_back(options.name);
    names.emplace_back("unloadable");
    return names;
  };
  source.resolve = [names =
                        source.names](const std::string& name) -> Result<std::filesystem::path> {
    for (const std::string& known : names()) {
      if (known == name) return std::filesystem::path(name);
    }
    return Error{ErrorCode::not_found, "there is no model of that name", "model"};
  };
  source.load = [](const std::string& name,
                   const std::filesystem::path&) -> Result<std::shared_ptr<backends::ChatModel>> {
    for (const FakeModelOptions& options : models()) {
      if (options.name != name) continue;
      return std::shared_ptr<backends::ChatModel>(std::make_shared<backends::FakeModel>(options));
    }
    return Error{ErrorCode::out_of_memory, name + ": needs 900 GB, 4 GB are free", {}};
  };
  return source;
}

int serve(int argc, char** argv) {
  if (!set_up_log("info").ok()) return 1;
  http::ServerOptions options;
  options.port = 0;
  if (argc > 1) options.policy.origins = {argv[1]};
  auto pool =
      std::make_unique<backends::ModelPool>(backends::PoolOptions{.max_loaded = 9}, source());
  auto server = http::Server::listen(std::move(options), std::move(pool));
  if (!server.ok()) {
    std::fprintf(stderr, "%s\n", server.error().message.c_str());
    return 1;
  }
  (*server)->stop_on_signals();
  std::printf("%s\n", (*server)->url().c_str());
  std::fflush(stdout);
  (*server)->run();
  return 0;
}

}  // namespace
}  // namespace helicon

// fake_server [ALLOWED_ORIGIN]
int main(int argc, char** argv) { return helicon::serve(argc, argv); }
