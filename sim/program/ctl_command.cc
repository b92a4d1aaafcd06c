#include <cstdio>
#include <httplib.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <vector>

#include <cxxopts.hpp>
#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "sim/program/commands.h"
#include "sim/program/simulation.h"

namespace catena::sim {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestAnswer = std::size_t{256} << 20U;
constexpr int kPatienceSeconds = 60;  // a big step of virtual time takes a while

constexpr const char* kUsage =
    "\nREQUEST is the name of an order with its keys, as in\n"
    "  catena-sim ctl reach\n"
    "  catena-sim ctl fault action=AssignPrivateIpAddresses what=lost count=2\n"
    "  catena-sim ctl delete_eni eni=eni-...\n"
    "or the whole order as JSON: '{\"do\": \"advance\", \"ms\": 60000}'. sim/README.md lists "
    "them.\n";

// Words as they are; numbers, true, false, lists and objects as JSON.
json value_of(const std::string& text) {
  json parsed = json::parse(text, nullptr, /*allow_exceptions=*/false);
  return parsed.is_discarded() ? json(text) : parsed;
}

base::Result<json> request_of(const std::vector<std::string>& words) {
  if (words.empty()) {
    return base::Error(base::ErrorKind::kBadConfig, "no order is given");
  }
  if (words.front().starts_with("{")) {
    if (words.size() > 1) {
      return base::Error(base::ErrorKind::kBadConfig,
                         "'" + words[1] + "': an order in JSON is one word");
    }
    return base::parse_json(words.front(), kLongestAnswer).context("order");
  }
  json request{{"do", words.front()}};
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    if (equals == std::string::npos || equals == 0) {
      return base::Error(base::ErrorKind::kBadConfig,
                         "'" + words[i] + "': keys are written key=value");
    }
    request[words[i].substr(0, equals)] = value_of(words[i].substr(equals + 1));
  }
  return request;
}

base::Result<json> ask(const std::string& state_dir, const json& request) {
  const std::string path = admin_socket_path(state_dir);
  httplib::Client client(path);
  client.set_address_family(AF_UNIX);
  client.set_read_timeout(kPatienceSeconds);
  const httplib::Result result =
      client.Post("/", {{"Host", "catena-sim"}}, request.dump(), "application/json");
  if (!result) {
    return base::Error(base::ErrorKind::kIo,
                       "ask the simulation at " + path + ": " + httplib::to_string(result.error()))
        .advice("is one running with this --state?");
  }
  return base::parse_json(result->body, kLongestAnswer).context("answer of the simulation");
}

std::string plain(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

bool is_flat(const json& value) { return !value.is_structured() || value.empty(); }

// As YAML would be: one line a value, nested ones indented.
void print(const json& value, const std::string& indent) {
  if (is_flat(value)) {
    (void)std::printf("%s%s\n", indent.c_str(), plain(value).c_str());
    return;
  }
  for (const auto& [key, inner] : value.items()) {
    const std::string label = value.is_array() ? "-" : key + ":";
    if (is_flat(inner)) {
      (void)std::printf("%s%s %s\n", indent.c_str(), label.c_str(), plain(inner).c_str());
    } else {
      (void)std::printf("%s%s\n", indent.c_str(), label.c_str());
      print(inner, indent + "  ");
    }
  }
}

base::Status ctl(const cxxopts::ParseResult& given) {
  const auto words = given.count("request") == 0 ? std::vector<std::string>()
                                                 : given["request"].as<std::vector<std::string>>();
  const json request = TRY(request_of(words));
  const json answer = TRY(ask(given["state"].as<std::string>(), request));
  if (answer.is_object() && answer.contains("error")) {
    return base::Error(base::ErrorKind::kBadConfig, plain(answer["error"]));
  }
  if (given.count("json") != 0) {
    (void)std::printf("%s\n", answer.dump(2).c_str());
  } else if (!answer.empty()) {
    print(answer, "");
  }
  return {};
}

cxxopts::Options options() {
  cxxopts::Options options("catena-sim ctl", "Gives an order to a running simulation.");
  cxxopts::OptionAdder add = options.add_options();
  add("state", "its directory", cxxopts::value<std::string>()->default_value(kDefaultStateDir),
      "DIR");
  add("json", "the answer as JSON");
  add("request", "the order", cxxopts::value<std::vector<std::string>>());
  add("h,help", "this text");
  options.parse_positional({"request"});
  options.positional_help("REQUEST...");
  return options;
}

}  // namespace

int ctl_command(int argc, char** argv) {
  cxxopts::Options known = options();
  std::optional<cxxopts::ParseResult> given;
  try {
    given = known.parse(argc, argv);
  } catch (const cxxopts::exceptions::exception& wrong) {
    (void)std::fprintf(stderr, "catena-sim ctl: %s\n", wrong.what());
    return 2;
  }
  if (given->count("help") != 0) {
    (void)std::printf("%s%s", known.help().c_str(), kUsage);
    return 0;
  }
  const base::Status done = ctl(*given);
  if (!done.ok()) {
    (void)std::fprintf(stderr, "catena-sim ctl: %s\n", done.error().text().c_str());
    return 1;
  }
  return 0;
}

}  // namespace catena::sim
