// Answers as the OpenAPI writes them.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace catena::sim {

enum class Format { kXml, kJson };

// The body of a success of `action`; `answer` is an object, RequestId included.
std::string render_success(Format format, std::string_view action, const nlohmann::json& answer);
// The body of an error; `error` is an object in the order it is to be written in.
std::string render_error(Format format, const nlohmann::ordered_json& error);

std::string_view content_type(Format format);

}  // namespace catena::sim
