// Reading base64 (RFC 4648, section 4), as kubeconfigs carry certificates.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace catena::kube {

// White space is passed over. kUndecodable, without the text in it, for anything else.
base::Result<std::string> decode_base64(std::string_view text);

}  // namespace catena::kube
