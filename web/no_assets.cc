// Stands in for the page where it is not built (-DHELICON_WEB=OFF).
#include "http/web_assets.h"

namespace helicon::http {

std::span<const WebAsset> web_assets() { return {}; }

}  // namespace helicon::http
