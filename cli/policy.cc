#include "cli/policy.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <nlohmann/json.hpp>

#include "cli/agent.h"
#include "common/base/fields.h"
#include "common/base/json_path.h"

namespace catena::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using Json = nlohmann::json;

// {"port":53,"protocol":"UDP"}.
Result<Json> port_of(const std::string& text) {
  const std::size_t slash = text.find('/');
  const std::string number = text.substr(0, slash);
  std::string protocol = slash == std::string::npos ? "TCP" : text.substr(slash + 1);
  std::ranges::transform(protocol, protocol.begin(), [](char c) {
    return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  unsigned port = 0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), port);
  const bool is_number = parsed.ec == std::errc() && parsed.ptr == number.data() + number.size();
  const bool is_protocol = protocol == "TCP" || protocol == "UDP" || protocol == "SCTP";
  if (!is_number || port == 0 || port > 65'535 || !is_protocol) {
    return Error(ErrorKind::kBadConfig,
                 "port '" + text + "', expected 1 to 65535, and tcp, udp or sctp behind a slash");
  }
  return Json{{"port", port}, {"protocol", protocol}};
}

std::string list_of(const Json& names) {
  std::string text;
  for (const Json& name : names) {
    text += (text.empty() ? "" : ", ") + name.get_ref<const std::string&>();
  }
  return text;
}

bool says(const Json& object, std::initializer_list<std::string_view> path) {
  const Json* const found = base::find_at(object, path);
  return found != nullptr && *found == true;
}

std::string line_of(const Json& result, const char* direction) {
  const Json* const policies = base::find_at(result, {direction, "policies"});
  const std::string names =
      policies != nullptr && policies->is_array() ? list_of(*policies) : std::string();
  std::string line = std::string(direction) + ": ";
  if (!says(result, {direction, "isolated"})) {
    return line + "open, no policy isolates it\n";
  }
  return line + (names.empty() ? "closed, since nobody knows the pod\n"
                               : "only what these policies allow: " + names + "\n");
}

}  // namespace

Result<Report> policy_explain(const Options& options, const Connection& connection) {
  Json args = TRY(port_of(connection.port));
  args["source"] = connection.source;
  args["destination"] = connection.destination;
  Json result = TRY(ask_agent(options, "policy.explain", args));
  Report report;
  report.text = base::text_at(result, {"text"});
  report.good = says(result, {"allowed"});
  result.erase("text");
  report.json = base::print_json(result);
  return report;
}

Result<Report> policy_show(const Options& options, const std::string& pod) {
  const Json result = TRY(ask_agent(options, "policy.show", {{"pod", pod}}));
  Report report;
  report.json = base::print_json(result);
  report.text = "pod: " + base::text_at(result, {"pod"}) + "\n";
  if (const Json* const addresses = base::find_at(result, {"addresses"});
      addresses != nullptr && addresses->is_array()) {
    report.text += "addresses: " + list_of(*addresses) + "\n";
  }
  report.text += line_of(result, "ingress") + line_of(result, "egress");
  const Json* const differences = base::find_at(result, {"differences"});
  report.good = differences != nullptr && differences->is_array() && differences->empty();
  if (report.good) {
    report.text += "kernel: as it should be\n";
    return report;
  }
  for (const Json& one : differences != nullptr ? *differences : Json::array()) {
    report.text += "kernel: " + (one.is_string() ? one.get<std::string>() : one.dump()) + "\n";
  }
  return report;
}

}  // namespace catena::cli
