#include "tests/support/kube/http_answer.h"

#include <charconv>

#include "common/base/fields.h"
#include "common/kube/objects.h"

namespace catena::test {

std::string print_line(const nlohmann::json& json) { return base::print_json(json) + "\n"; }

void write(httplib::Response& response, const Reply& reply) {
  response.status = reply.status;
  response.set_content(print_line(reply.body), "application/json");
  const nlohmann::json* wait = kube::find_at(reply.body, {"details", "retryAfterSeconds"});
  if (wait != nullptr && reply.status >= 400) {
    response.set_header("Retry-After", wait->dump());
  }
}

bool is_on(const httplib::Request& request, const char* parameter) {
  const std::string value = request.get_param_value(parameter);
  return value == "true" || value == "1";
}

std::uint64_t number_of(const std::string& text, std::uint64_t otherwise) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : otherwise;
}

}  // namespace catena::test
