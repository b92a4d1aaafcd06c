// The body of an answer that is no success.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace catena::cloud {

struct ErrorBody {
  std::string code;
  std::string message;
  std::string request_id;
  // Of a refusal by RAM: the action that lacks a grant ("ecs:CreateNetworkInterface") and who
  // asked.
  std::string denied_action;
  std::string denied_principal;
};

// From JSON (keys in any case), or from XML as the gateway writes when it did not understand what
// format was asked for. Nothing where there is no Code: a proxy's page, an empty body.
std::optional<ErrorBody> parse_error_body(std::string_view text);

// The first `most` printable bytes of `text`, on one line, for a message.
std::string one_line(std::string_view text, std::size_t most);

}  // namespace catena::cloud
