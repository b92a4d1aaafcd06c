#include "tests/support/netpol/random_policy.h"

#include <algorithm>

namespace catena::test::netpol {
namespace {

using nlohmann::json;

const std::vector<std::string> kKeys{"app", "tier", "never"};
const std::vector<std::string> kValues{"a", "b", ""};
// The widths between make blocks that hold some of a site's addresses and not others.
const std::vector<int> kWidths4{32, 32, 31, 30, 29, 28, 24, 16, 1, 0};
const std::vector<int> kWidths6{128, 128, 127, 126, 125, 124, 112, 64, 1, 0};

json random_requirement(Random& random) {
  static const std::vector<std::string> operators{"In", "NotIn", "Exists", "DoesNotExist"};
  json made{{"key", random.pick(kKeys)}, {"operator", random.pick(operators)}};
  if (made["operator"] == "In" || made["operator"] == "NotIn") {
    made["values"] = json::array({random.pick(kValues)});
    if (random.one_in(2)) {
      made["values"].push_back(random.pick(kValues));
    }
  }
  return made;
}

// Empty ones too, which select everything.
json random_selector(Random& random) {
  json made = json::object();
  switch (random.below(6)) {
    case 0:
      break;
    case 1:
      made["matchExpressions"] = json::array({random_requirement(random)});
      break;
    case 2:
      made["matchExpressions"] = json::array({random_requirement(random)});
      made["matchLabels"] = {{random.pick(kKeys), random.pick(kValues)}};
      break;
    case 3:
      made["matchLabels"] = json::object();
      made["matchExpressions"] =
          json::array({random_requirement(random), random_requirement(random)});
      break;
    default:
      made["matchLabels"] = {{random.pick(kKeys), random.pick(kValues)}};
  }
  return made;
}

json random_space_selector(Random& random) {
  if (random.one_in(3)) {
    return {{"matchLabels", {{"kubernetes.io/metadata.name", random.pick(space_names())}}}};
  }
  return random_selector(random);
}

// 10.1.0.3 as 010.01.0.003: objects from before the API server refused it.
std::string with_zeros(Random& random, const std::string& address) {
  std::string made;
  bool in_number = false;
  for (const char letter : address) {
    if (!in_number && letter != '.' && random.one_in(2)) {
      made += '0';
    }
    in_number = letter != '.';
    made += letter;
  }
  return made;
}

std::string random_cidr(Random& random, const std::string& around, int width) {
  const base::Prefix prefix(address_of(around), width);
  // Host bits, as old objects have them.
  const std::string address = random.one_in(3) ? around : prefix.network().to_string();
  const bool zeros = prefix.is_v4() && random.one_in(10);
  return (zeros ? with_zeros(random, address) : address) + "/" + std::to_string(width);
}

json random_block(Random& random, const std::vector<std::string>& addresses) {
  const std::string around = random.pick(addresses);
  const bool v4 = around.find(':') == std::string::npos;
  const std::vector<int>& widths = v4 ? kWidths4 : kWidths6;
  const int width = random.pick(widths);
  json made{{"cidr", random_cidr(random, around, width)}};
  if (random.one_in(2)) {
    return made;
  }
  const base::Prefix block(address_of(around), width);
  made["except"] = json::array();
  for (std::size_t tries = random.below(5); tries > 0; --tries) {
    const std::string inner = random.pick(addresses);
    const int inner_width = random.pick(widths);
    // The API takes what is part of the block and not all of it.
    if (inner_width > width && block.contains(address_of(inner))) {
      made["except"].push_back(random_cidr(random, inner, inner_width));
    }
  }
  return made;
}

json random_peer(Random& random, const std::vector<std::string>& addresses) {
  json made = json::object();
  const std::size_t kind = random.below(4);
  if (kind == 0) {
    made["ipBlock"] = random_block(random, addresses);
    return made;
  }
  if (kind != 1) {
    made["podSelector"] = random_selector(random);
  }
  if (kind != 2) {
    made["namespaceSelector"] = random_space_selector(random);
  }
  return made;
}

json random_port(Random& random) {
  static const std::vector<int> numbers{80, 80, 81, 8080, 1};
  static const std::vector<int> lengths{0, 1, 2, 20000};
  json made = json::object();
  put_random_protocol(random, made);
  switch (random.below(5)) {
    case 0:
      break;
    case 1:
    case 2:
      made["port"] = random.pick(port_names());
      break;
    case 3:
      made["port"] = random.pick(numbers);
      break;
    default:
      made["port"] = random.pick(numbers);
      made["endPort"] = made["port"].get<int>() + random.pick(lengths);
  }
  return made;
}

// A list, or one of the ways to have none.
template <typename Make>
void put_list(Random& random, json& object, const std::string& name, const Make& make) {
  const std::size_t kind = random.below(6);
  if (kind == 0) {
    return;
  }
  if (kind == 1) {
    object[name] = random.one_in(2) ? json() : json::array();
    return;
  }
  object[name] = json::array();
  for (std::size_t count = 1 + random.below(3); count > 0; --count) {
    object[name].push_back(make());
  }
}

void put_rules(Random& random, json& spec, const std::string& direction,
               const std::vector<std::string>& addresses) {
  put_list(random, spec, direction, [&] {
    json rule = json::object();
    put_list(random, rule, direction == "ingress" ? "from" : "to",
             [&] { return random_peer(random, addresses); });
    put_list(random, rule, "ports", [&] { return random_port(random); });
    return rule;
  });
}

}  // namespace

const std::vector<std::string>& space_names() {
  static const std::vector<std::string> names{"x", "y", "z"};
  return names;
}

const std::vector<std::string>& port_names() {
  static const std::vector<std::string> names{"web", "dns", "odd"};
  return names;
}

json random_labels(Random& random) {
  json made = json::object();
  for (const std::string& key : kKeys) {
    if (key != "never" && !random.one_in(3)) {
      made[key] = random.pick(kValues);
    }
  }
  return made;
}

void put_random_protocol(Random& random, json& port) {
  static const std::vector<std::string> protocols{"TCP", "UDP", "SCTP"};
  if (!random.one_in(4)) {
    port["protocol"] = random.pick(protocols);
  }
}

json random_policy(Random& random, const std::string& name,
                   const std::vector<std::string>& addresses) {
  static const std::vector<json> types{{"Ingress"}, {"Egress"}, {"Ingress", "Egress"}};
  json spec = json::object();
  if (!random.one_in(8)) {
    spec["podSelector"] = random_selector(random);
  }
  put_rules(random, spec, "ingress", addresses);
  put_rules(random, spec, "egress", addresses);
  if (!random.one_in(4)) {
    spec["policyTypes"] = random.pick(types);
  }
  return {{"metadata", {{"name", name}, {"namespace", random.pick(space_names())}}},
          {"spec", std::move(spec)}};
}

}  // namespace catena::test::netpol
