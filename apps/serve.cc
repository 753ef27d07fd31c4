// helicon serve: for browsers, and for programs that speak the OpenAI protocol.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agents/sandbox_runner.h"
#include "backends/local_model.h"
#include "backends/model_pool.h"
#include "base/log.h"
#include "cache_type.h"
#include "http/server.h"
#include "kernels/kernel_table.h"
#include "media_in.h"
#include "model_argument.h"
#include "models/recipe.h"
#include "output.h"
#include "packed_folder.h"
#include "speculation_options.h"
#include "upstream.h"
#include "verbs.h"
#include "weights/model_file.h"

namespace helicon::apps {
namespace {

struct Options {
  std::vector<std::string> models;
  http::ServerOptions server;
  backends::LocalModelOptions load;
  SpeculationArguments speculation;
  std::string upstream;
  std::string fetch = "public";
  size_t max_loaded = 2;
  int keep_alive = 300;  // seconds
};

using NamedFiles = std::map<std::string, std::filesystem::path>;

// Where files lie is no business of a client's.
Error without_folder(const std::filesystem::path& path, Error error) {
  const std::string whole = path.string();
  for (size_t at; (at = error.message.find(whole)) != std::string::npos;)
    error.message.replace(at, whole.size(), path.filename().string());
  return error;
}

// What a client may ask for by name: the models of this machine, and those of the command line. A
// client's words are never taken for a path.
backends::ModelSource model_source(const std::shared_ptr<const catalog::Catalog>& catalog,
                                   NamedFiles given, const backends::LocalModelOptions& load,
                                   const std::shared_ptr<backends::RemoteServer>& upstream) {
  const auto known = [catalog, given = std::move(given)] {
    NamedFiles files = given;
    if (auto installed = catalog->installed(); installed.ok()) {
      for (catalog::Installed& model : *installed) files.emplace(model.name, model.path);
    } else {
      spdlog::error("{}", installed.error().message);
    }
    return files;
  };
  backends::ModelSource source;
  // In the catalog's order, its default first, and then what else there is: a client that takes the
  // first gets one that is meant to be talked to.
  source.names = [known, catalog, upstream] {
    NamedFiles files = known();
    std::vector<std::string> names;
    for (const catalog::Entry& entry : catalog->list())
      if (files.erase(std::string(entry.name)) > 0) names.emplace_back(entry.name);
    for (const auto& [name, path] : files) names.push_back(name);
    if (!upstream) return names;
    const auto offered = upstream->models();
    if (!offered.ok()) spdlog::warn("{}", offered.error().message);
    if (offered.ok())
      for (const backends::ModelInfo& model : *offered)
        if (std::find(names.begin(), names.end(), model.name) == names.end())
          names.push_back(model.name);
    return names;
  };
  source.check = [](const std::filesystem::path& path) -> Status {
    if (path.empty()) return ok_status();  // of the upstream server
    auto file = weights::ModelFile::open(path);
    if (!file.ok()) return without_folder(path, std::move(file).error());
    auto config = models::configure(**file);
    if (!config.ok()) return std::move(config).error();
    return ok_status();
  };
  source.resolve = [known, catalog,
                    upstream](const std::string& name) -> Result<std::filesystem::path> {
    const NamedFiles files = known();
    const auto file = files.find(name);
    if (file != files.end()) return file->second;
    if (upstream) {
      const auto model = upstream->model(name);
      if (model.ok()) return std::filesystem::path();
      if (model.error().code != ErrorCode::not_found) return model.error();
    }
    return unknown_model(*catalog, name);
  };
  source.load = [load, upstream](const std::string& name, const std::filesystem::path& path)
      -> Result<std::shared_ptr<backends::ChatModel>> {
    if (path.empty()) return upstream->model(name);
    auto model = backends::load_local_model(name, path, load);
    if (!model.ok()) return without_folder(path, std::move(model).error());
    return model;
  };
  return source;
}

Status pin_all(backends::ModelPool& models, const NamedFiles& given) {
  for (const auto& [name, path] : given) HELICON_TRY(models.pin(name));
  return ok_status();
}

Result<net::FetchRules> fetch_rules(const std::string& text) {
  auto rules = net::FetchRules::parse(text);
  if (!rules.ok()) rules.error().message = "--fetch: " + rules.error().message;
  return rules;
}

Status serve(const Options& options) {
  HELICON_TRY(set_up_log("info"));
  HELICON_ASSIGN(std::shared_ptr<const catalog::Catalog> catalog, open_catalog());
  // What is wrong with the surroundings is no client's fault: told now, not at the first question.
  HELICON_TRY(kernels::choose_kernels());
  backends::LocalModelOptions load = options.load;
  HELICON_TRY(apply(options.speculation, *catalog, load));
  load.find_ffmpeg = find_ffmpeg;
  HELICON_ASSIGN(load.packed_folder, packed_folder());
  NamedFiles given;
  for (const std::string& name : options.models) {
    HELICON_ASSIGN(const ModelArgument model, find_model(*catalog, name));
    given.emplace(model.name, model.path);
  }
  HELICON_ASSIGN(const auto upstream, open_upstream(options.upstream));
  const backends::PoolOptions pool_options{.max_loaded = options.max_loaded,
                                           .keep_alive = std::chrono::seconds(options.keep_alive)};
  auto pool = std::make_unique<backends::ModelPool>(pool_options,
                                                    model_source(catalog, given, load, upstream));
  backends::ModelPool& models = *pool;
  http::ServerOptions server_options = options.server;
  HELICON_ASSIGN(server_options.fetch_rules, fetch_rules(options.fetch));
  if (auto programs = agents::sandbox_runner(); programs.ok()) {
    server_options.programs = *std::move(programs);
  } else {
    spdlog::warn("agents compare their results and run nothing; {}", programs.error().message);
  }
  // Before anything is loaded: a port in use is found out at once.
  HELICON_ASSIGN(const auto server, http::Server::listen(server_options, std::move(pool)));

  // Signals are heard from here on, and who asks meanwhile waits for the load.
  server->stop_on_signals();
  Status ready = ok_status();
  std::thread pinning([&] {
    ready = pin_all(models, given);
    if (ready.ok()) ready = print(fmt::format("Helicon is listening on {}\n", server->url()));
    if (!ready.ok()) server->stop();
  });
  server->run();
  models.close();
  pinning.join();
  if (!ready.ok() && ready.error().code == ErrorCode::cancelled) ready = ok_status();
  if (models.loading()) {
    // Nobody waits for that model any more, and nothing is lost with it.
    spdlog::default_logger()->flush();
    std::_Exit(exit_code_of(ready));
  }
  return ready;
}

}  // namespace

void add_serve(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  http::ServerOptions& server = options->server;
  CLI::App* verb = app.add_subcommand("serve", "Serve the page and the OpenAI protocol");
  verb->add_option("MODEL", options->models,
                   "models to load now and keep; others are loaded when someone asks for them");
  verb->add_option("--host", server.address, "the IP address to listen on")->capture_default_str();
  verb->add_option("--port", server.port, "0: any that is free")->capture_default_str();
  verb->add_option("--allow-host", server.policy.hosts,
                   "a further name that this server goes by; * for any")
      ->allow_extra_args(false);
  verb->add_option("--allow-origin", server.policy.origins,
                   "https://HOST of pages that may use this server; * for any")
      ->allow_extra_args(false);
  verb->add_option("--fetch", options->fetch,
                   "where pictures may be fetched from that a request names by address: public, "
                   "none, or with networks of your own: public,10.1.0.0/16")
      ->capture_default_str();
  verb->add_option("--max-loaded", options->max_loaded, "models open at once, as far as they idle")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  verb->add_option("--keep-alive", options->keep_alive, "seconds until an idle model is unloaded")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  verb->add_option("--context", options->load.context_length,
                   "tokens a conversation may have (the model's own number, at most 8192)")
      ->check(CLI::Range(1, 1 << 24));
  verb->add_option("--threads", options->load.threads, "instead of one for each physical core")
      ->check(CLI::Range(1, 1024));
  add_cache_type(*verb, options->load.cache_type);
  add_speculation(*verb, options->speculation);
  add_upstream(*verb, options->upstream);
  verb->callback([options, &exit_code] { exit_code = exit_code_of(serve(*options)); });
}

}  // namespace helicon::apps
