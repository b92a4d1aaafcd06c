#include "common/cni/result.h"

#include <limits>
#include <utility>

#include <nlohmann/json.hpp>

namespace catena::cni {
namespace {

using base::ErrorKind;
using base::Fields;
using base::Result;
using base::Status;
using nlohmann::json;

// Go's types take "" for an address that is not there.
Result<std::optional<base::IpAddress>> read_gateway(Fields& fields, std::string_view key) {
  const Result<std::optional<std::string>> text = fields.string(key);
  if (text.ok() && *text && (*text)->empty()) {
    return std::optional<base::IpAddress>();
  }
  return fields.address(key);
}

Result<base::Prefix> read_prefix(Fields& fields, std::string_view key) {
  const std::optional<std::string> text = TRY(fields.string(key));
  Result<base::Prefix> prefix = base::Prefix::parse(text.value_or(""));
  if (!prefix.ok()) {
    return fields.bad_value(key, "an address with a prefix length like \"10.1.0.5/16\"");
  }
  return prefix;
}

Result<std::optional<std::uint32_t>> read_u32(Fields& fields, std::string_view key) {
  const std::optional<std::int64_t> number =
      TRY(fields.integer(key, 0, std::numeric_limits<std::uint32_t>::max()));
  return number ? std::optional<std::uint32_t>(static_cast<std::uint32_t>(*number)) : std::nullopt;
}

Result<std::string> read_text(Fields& fields, std::string_view key) {
  return TRY(fields.string(key)).value_or("");
}

Result<Interface> read_interface(Fields& fields) {
  Interface interface;
  const std::optional<std::string> name = TRY(fields.string("name"));
  if (!name) {
    return fields.bad_value("name", "a string");
  }
  interface.name = *name;
  interface.mac = TRY(read_text(fields, "mac"));
  interface.mtu = TRY(read_u32(fields, "mtu"));
  interface.sandbox = TRY(read_text(fields, "sandbox"));
  interface.socket_path = TRY(read_text(fields, "socketPath"));
  interface.pci_id = TRY(read_text(fields, "pciID"));
  return interface;
}

Result<IpConfig> read_ip(Fields& fields, Version version, std::size_t interfaces) {
  IpConfig ip;
  ip.address = TRY(read_prefix(fields, "address"));
  ip.gateway = TRY(read_gateway(fields, "gateway"));
  const std::optional<std::int64_t> index =
      TRY(fields.integer("interface", 0, std::numeric_limits<std::int32_t>::max()));
  if (index && static_cast<std::uint64_t>(*index) >= interfaces) {
    return fields.bad_value(
        "interface", "the index of one of the " + std::to_string(interfaces) + " interfaces");
  }
  if (index) {
    ip.interface = static_cast<int>(*index);
  }
  if (version < Version::k1_0_0) {
    // Demanded by these versions, but not sent by every plugin.
    const std::optional<std::string> family = TRY(fields.string("version"));
    const std::string_view expected = ip.address.is_v4() ? "4" : "6";
    if (family && *family != expected) {
      return fields.bad_value("version", "\"" + std::string(expected) + "\"");
    }
  }
  return ip;
}

Result<RouteConfig> read_route(Fields& fields) {
  RouteConfig route;
  route.destination = TRY(read_prefix(fields, "dst"));
  route.gateway = TRY(read_gateway(fields, "gw"));
  route.mtu = TRY(read_u32(fields, "mtu"));
  route.advmss = TRY(read_u32(fields, "advmss"));
  route.priority = TRY(read_u32(fields, "priority"));
  route.table = TRY(read_u32(fields, "table"));
  route.scope = TRY(read_u32(fields, "scope"));
  return route;
}

Result<Version> read_version(Fields& fields, Version version) {
  const std::string text = TRY(read_text(fields, "cniVersion"));
  if (text.empty()) {
    return version;
  }
  const std::optional<Version> own = version_from(text);
  if (!own) {
    return fields.bad_value("cniVersion", "one of " + supported_versions());
  }
  return *own;
}

Result<AddResult> read_result(Fields& fields, Version version) {
  AddResult result;
  version = TRY(read_version(fields, version));
  std::optional<std::vector<Fields>> interfaces = TRY(fields.objects("interfaces"));
  for (Fields& entry : interfaces ? *interfaces : std::vector<Fields>{}) {
    result.interfaces.push_back(TRY(read_interface(entry)));
  }
  std::optional<std::vector<Fields>> ips = TRY(fields.objects("ips"));
  for (Fields& entry : ips ? *ips : std::vector<Fields>{}) {
    result.ips.push_back(TRY(read_ip(entry, version, result.interfaces.size())));
  }
  std::optional<std::vector<Fields>> routes = TRY(fields.objects("routes"));
  for (Fields& entry : routes ? *routes : std::vector<Fields>{}) {
    result.routes.push_back(TRY(read_route(entry)));
  }
  if (std::optional<Fields> dns = TRY(fields.object("dns"))) {
    result.dns = TRY(read_dns(*dns));
  }
  return result;
}

void put_text(json& object, const char* key, const std::string& text) {
  if (!text.empty()) {
    object[key] = text;
  }
}

void put_number(json& object, const char* key, const std::optional<std::uint32_t>& number) {
  if (number) {
    object[key] = *number;
  }
}

json to_json(const Interface& interface, Version version) {
  json object{{"name", interface.name}};
  put_text(object, "mac", interface.mac);
  put_text(object, "sandbox", interface.sandbox);
  if (version >= Version::k1_1_0) {
    put_number(object, "mtu", interface.mtu);
    put_text(object, "socketPath", interface.socket_path);
    put_text(object, "pciID", interface.pci_id);
  }
  return object;
}

json to_json(const IpConfig& ip, Version version) {
  json object{{"address", ip.address.to_string()}};
  if (version < Version::k1_0_0) {
    object["version"] = ip.address.is_v4() ? "4" : "6";
  }
  if (ip.gateway) {
    object["gateway"] = ip.gateway->to_string();
  }
  if (ip.interface) {
    object["interface"] = *ip.interface;
  }
  return object;
}

json to_json(const RouteConfig& route, Version version) {
  json object{{"dst", route.destination.to_string()}};
  if (route.gateway) {
    object["gw"] = route.gateway->to_string();
  }
  if (version >= Version::k1_1_0) {
    put_number(object, "mtu", route.mtu);
    put_number(object, "advmss", route.advmss);
    put_number(object, "priority", route.priority);
    put_number(object, "table", route.table);
    put_number(object, "scope", route.scope);
  }
  return object;
}

json to_json(const Dns& dns) {
  json object = json::object();
  put_text(object, "domain", dns.domain);
  for (const auto& [key, list] :
       {std::pair{"nameservers", &dns.nameservers}, std::pair{"search", &dns.search},
        std::pair{"options", &dns.options}}) {
    if (!list->empty()) {
      object[key] = *list;
    }
  }
  return object;
}

template <typename T>
void put_list(json& object, const char* key, const std::vector<T>& list, Version version) {
  for (const T& entry : list) {
    object[key].push_back(to_json(entry, version));
  }
}

}  // namespace

Result<Dns> read_dns(Fields& fields) {
  Dns dns;
  using Strings = std::vector<std::string>;
  dns.nameservers = TRY(fields.strings("nameservers")).value_or(Strings());
  dns.domain = TRY(read_text(fields, "domain"));
  dns.search = TRY(fields.strings("search")).value_or(Strings());
  dns.options = TRY(fields.strings("options")).value_or(Strings());
  return dns;
}

Result<AddResult> result_from_json(const json& json, Version version, std::string path) {
  Result<Fields> fields = Fields::of(json, std::move(path));
  Result<AddResult> result =
      fields.ok() ? read_result(*fields, version) : std::move(fields).error();
  if (!result.ok()) {
    return std::move(result).error().as(ErrorKind::kUndecodable);
  }
  return result;
}

json result_to_json(const AddResult& result, Version version) {
  json object{{"cniVersion", to_string(version)}};
  put_list(object, "interfaces", result.interfaces, version);
  put_list(object, "ips", result.ips, version);
  put_list(object, "routes", result.routes, version);
  if (!result.dns.empty()) {
    object["dns"] = to_json(result.dns);
  }
  return object;
}

}  // namespace catena::cni
