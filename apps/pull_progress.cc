#include "pull_progress.h"

#include <fmt/format.h>

#include <cstdint>
#include <stop_token>

#include "interrupt.h"
#include "model_argument.h"
#include "output.h"
#include "progress.h"

namespace helicon::apps {

Result<std::filesystem::path> pull_with_progress(const catalog::Catalog& catalog,
                                                 const std::string& name, bool json,
                                                 catalog::Verify verify) {
  std::stop_source stop;
  const OnInterrupt interrupt([&stop] { stop.request_stop(); });
  ShownProgress shown(name, json);
  auto path = catalog.pull(
      name, [&](const catalog::Progress& progress) { shown.show(progress); }, stop.get_token(),
      verify);
  if (path.ok() || path.error().code != ErrorCode::cancelled) return path;
  // Of a package, only whole parts are kept: less than the bar has shown.
  const uint64_t kept = partial_bytes(catalog, name);
  return Error{ErrorCode::cancelled,
               kept == 0 ? fmt::format("{}: stopped; nothing is kept yet", name)
                         : fmt::format("{}: stopped; {} are kept, and `helicon pull {}` goes on "
                                       "from there",
                                       name, readable_bytes(static_cast<double>(kept)), name)};
}

}  // namespace helicon::apps
