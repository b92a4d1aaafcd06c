// How gRPC puts calls into HTTP/2: messages, and how a call ended.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace catena::devices {

// gRPC's numbers.
enum class GrpcCode : int {
  kOk = 0,
  kInvalidArgument = 3,
  kResourceExhausted = 8,
  kUnimplemented = 12,
};

inline constexpr std::size_t kMostMessage = std::size_t{64} << 10U;  // bytes, framed

// The message with gRPC's five bytes before it.
std::string frame(std::string_view message);
// The one message of `framed`; kUndecodable where it is not exactly one, kUnsupported where it is
// compressed.
base::Result<std::string_view> unframe(std::string_view framed);

// A text as grpc-message carries it, and back.
std::string to_header(std::string_view text);
std::string from_header(std::string_view value);

}  // namespace catena::devices
