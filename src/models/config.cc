#include "models/config.h"

#include <fmt/format.h>

namespace helicon::models {

Status check_heads(const DecoderConfig& config) {
  if (config.heads % config.kv_heads != 0)
    return Error{ErrorCode::corrupt, fmt::format("{} query heads cannot share {} key/value heads",
                                                 config.heads, config.kv_heads)};
  if (config.head_size == 0 || config.head_size % 8 != 0 || config.head_size > kMaxHeadSize)
    return Error{
        ErrorCode::unsupported,
        fmt::format("heads of {} are not supported: it must be a multiple of 8, at most {}",
                    config.head_size, kMaxHeadSize)};
  return ok_status();
}

}  // namespace helicon::models
