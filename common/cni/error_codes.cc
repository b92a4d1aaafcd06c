#include "common/cni/error_codes.h"

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/cni/version.h"

namespace catena::cni {

int code_of(base::ErrorKind kind) {
  using base::ErrorKind;
  switch (kind) {
    case ErrorKind::kIncompatible:
      return 1;
    case ErrorKind::kBadEnvironment:
      return 4;
    case ErrorKind::kIo:
      return 5;
    case ErrorKind::kUndecodable:
      return 6;
    case ErrorKind::kBadConfig:
      return 7;
    case ErrorKind::kBadNetns:
      return 8;
    case ErrorKind::kTryAgain:
      return 11;
    case ErrorKind::kNotAvailable:
      return 50;
    // From 100 on codes are the plugin's own.
    case ErrorKind::kDiffers:
      return 100;
    case ErrorKind::kUnsupported:
      return 101;
    case ErrorKind::kInternal:
    case ErrorKind::kNotFound:
    case ErrorKind::kExists:
      break;
  }
  return 999;
}

std::string error_json(const base::Error& error, Version version) {
  nlohmann::json json{{"cniVersion", to_string(version)},
                      {"code", code_of(error.kind())},
                      {"msg", error.message()}};
  if (!error.advice().empty()) {
    json["details"] = error.advice();
  }
  return base::print_json(json);
}

}  // namespace catena::cni
