// GET /v1/models, GET /v1/models/{id} and GET /health
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <boost/url/pct_string_view.hpp>
#include <string>
#include <vector>

#include "http/receive.h"
#include "http/routes.h"
#include "http/utf8.h"

namespace helicon::http {
namespace {

namespace json = boost::json;

json::object model_json(const std::string& name, const Services& services) {
  json::object object;
  object["id"] = name;
  object["object"] = "model";
  object["created"] = services.started;
  object["owned_by"] = "helicon";
  return object;
}

// Looks into folders, so not on the I/O threads.
Awaitable<std::vector<std::string>> available_models(Exchange& exchange, Services& services) {
  co_return co_await run_on(services.workers, exchange.executor(),
                            [&services] { return services.models.available(); });
}

}  // namespace

Awaitable<void> list_models(Exchange& exchange, Services& services) {
  const std::vector<std::string> names = co_await available_models(exchange, services);
  json::array models;
  for (const std::string& name : names) models.push_back(model_json(name, services));
  json::object list;
  list["object"] = "list";
  list["data"] = std::move(models);
  co_await exchange.send(json_reply(200, json::serialize(list)));
}

Awaitable<void> show_model(Exchange& exchange, Services& services) {
  const std::string_view encoded =
      std::string_view(exchange.request().path).substr(model_path.size());
  const auto decoded = boost::urls::make_pct_string_view(encoded);
  const std::string name = decoded ? decoded->decode() : std::string(encoded);
  const std::vector<std::string> names = co_await available_models(exchange, services);
  if (std::find(names.begin(), names.end(), name) != names.end()) {
    co_await exchange.send(json_reply(200, json::serialize(model_json(name, services))));
  } else {
    const Error error{ErrorCode::not_found, fmt::format("there is no model {}", quotable(name)),
                      "model"};
    co_await exchange.send(error_reply(error));
  }
}

Awaitable<void> health(Exchange& exchange, Services& services) {
  const bool stopping = services.stopping;
  json::array loaded;
  for (const std::string& name : services.models.loaded()) loaded.emplace_back(name);
  json::object pages;
  for (const auto& [name, use] : services.models.pages())
    pages[name] = {{"all", use.all}, {"free", use.free}};
  json::object object;
  object["status"] = stopping ? "stopping" : "ok";
  object["loaded"] = std::move(loaded);
  object["pages"] = std::move(pages);
  co_await exchange.send(json_reply(stopping ? 503 : 200, json::serialize(object)));
}

}  // namespace helicon::http
