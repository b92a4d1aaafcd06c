// What the metadata service's texts mean.
#include <algorithm>
#include <bit>
#include <cctype>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/text.h"
#include "common/cloud/metadata.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using base::IpAddress;
using base::Mac;
using base::Prefix;
using base::Result;

constexpr std::size_t kMostListBytes =
    std::size_t{64} * 1024;             // an ENI has some hundred addresses at most
constexpr std::size_t kMostShown = 80;  // bytes of a bad answer that an error repeats

Error unexpected(std::string_view item, std::string_view expected, std::string_view got) {
  std::string shown(got.substr(0, kMostShown));
  std::ranges::replace_if(
      shown, [](char c) { return c < ' ' || c > '~'; }, '?');
  return Error(ErrorKind::kUndecodable, "metadata " + std::string(item) + ": expected " +
                                            std::string(expected) + ", got \"" + shown + "\"");
}

std::string item_path(const Mac& mac, std::string_view item) {
  return "network/interfaces/macs/" + mac.to_string() + "/" + std::string(item);
}

// Ids, zones, types and MAC addresses: letters, digits and "-", "_", ".", ":".
Result<std::string> to_name(std::string_view item, const std::string& text) {
  const auto belongs = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == ':';
  };
  if (text.empty() || !std::ranges::all_of(text, belongs)) {
    return unexpected(item, "a name", text);
  }
  return text;
}

Result<IpAddress> to_address(std::string_view item, std::string_view text, base::Family family) {
  const Result<IpAddress> address = IpAddress::parse(text);
  if (!address.ok() || address->family() != family) {
    return unexpected(item, family == base::Family::kIpv4 ? "an IPv4 address" : "an IPv6 address",
                      text);
  }
  return *address;
}

Result<Prefix> to_network(std::string_view item, std::string_view text, base::Family family) {
  const Result<Prefix> prefix = Prefix::parse(text);
  if (!prefix.ok() || prefix->family() != family || prefix->has_host_bits()) {
    return unexpected(item, family == base::Family::kIpv4 ? "an IPv4 network" : "an IPv6 network",
                      text);
  }
  return *prefix;
}

Result<IpAddress> to_v4_address(std::string_view item, const std::string& text) {
  return to_address(item, text, base::Family::kIpv4);
}
Result<IpAddress> to_v6_address(std::string_view item, const std::string& text) {
  return to_address(item, text, base::Family::kIpv6);
}
Result<Prefix> to_v4_network(std::string_view item, const std::string& text) {
  return to_network(item, text, base::Family::kIpv4);
}
Result<Prefix> to_v6_network(std::string_view item, const std::string& text) {
  return to_network(item, text, base::Family::kIpv6);
}

Result<int> to_prefix_length(std::string_view item, const std::string& text) {
  const IpAddress mask = TRY(to_v4_address(item, text));
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    bits = (bits << 8U) | mask.data()[i];
  }
  const int length = std::countl_one(bits);
  if (std::popcount(bits) != length) {
    return unexpected(item, "a netmask", text);
  }
  return length;
}

// The items of one ENI.
class Items {
 public:
  template <typename T>
  using Parse = Result<T> (*)(std::string_view path, const std::string& text);

  Items(Metadata& metadata, const Mac& mac) : metadata_(metadata), mac_(mac) {}

  template <typename T>
  Result<std::optional<T>> optional(std::string_view item, Parse<T> parse) {
    const std::string path = item_path(mac_, item);
    const std::string text = TRY(metadata_.text(path)).value_or("");
    return text.empty() ? std::optional<T>() : std::optional<T>(TRY(parse(path, text)));
  }

  template <typename T>
  Result<T> required(std::string_view item, Parse<T> parse) {
    std::optional<T> found = TRY(optional<T>(item, parse));
    if (!found) {
      return Error(ErrorKind::kTryAgain, "the metadata service has no " + item_path(mac_, item) +
                                             ": the ENI is just being attached or detached");
    }
    return std::move(*found);
  }

  template <typename T>
  Result<std::vector<T>> list(std::string_view item, Parse<T> parse) {
    const std::string path = item_path(mac_, item);
    const std::string text = TRY(metadata_.text(path)).value_or("");
    std::vector<T> values;
    for (const std::string& element : TRY(metadata_list(text).context("metadata " + path))) {
      values.push_back(TRY(parse(path, element)));
    }
    return values;
  }

 private:
  Metadata& metadata_;
  const Mac& mac_;
};

// Of a JSON list of strings.
Result<std::vector<std::string>> json_list(const nlohmann::json& list) {
  std::vector<std::string> values;
  for (const nlohmann::json& element : list) {
    if (!element.is_string()) {
      return Error(ErrorKind::kUndecodable, "expected a list of strings");
    }
    values.push_back(element.get_ref<const std::string&>());
  }
  return values;
}

}  // namespace

Result<std::vector<std::string>> metadata_list(std::string_view text) {
  text = base::trim(text);
  if (text.starts_with('[') != text.ends_with(']')) {
    return Error(ErrorKind::kUndecodable, "expected a list, got an unfinished one");
  }
  const bool in_brackets = text.starts_with('[');
  if (in_brackets && text.find('"') != std::string_view::npos) {
    return json_list(TRY(base::parse_json(text, kMostListBytes)));
  }
  if (in_brackets) {
    text = base::trim(text.substr(1, text.size() - 2));
  }
  std::vector<std::string> values;
  if (text.empty()) {
    return values;
  }
  const char separator = in_brackets || text.find(',') != std::string_view::npos ? ',' : '\n';
  for (const std::string_view piece : base::split(text, separator)) {
    values.emplace_back(base::trim(piece));
    if (values.back().empty() || values.back().find_first_of(" \t\r\n[]\"") != std::string::npos) {
      return Error(ErrorKind::kUndecodable,
                   "expected a list, got an element \"" + values.back() + "\"");
    }
  }
  return values;
}

Result<std::string> Metadata::kept(std::string_view path) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = kept_.find(path); known != kept_.end()) {
      return known->second;
    }
  }
  const std::optional<std::string> found = TRY(text(path));
  if (!found) {
    return Error(ErrorKind::kNotFound, "the metadata service has no " + std::string(path));
  }
  const std::string name = TRY(to_name(path, *found));
  const std::lock_guard lock(mutex_);
  return kept_.insert_or_assign(std::string(path), name).first->second;
}

Result<std::string> Metadata::instance_id() { return kept("instance-id"); }
Result<std::string> Metadata::instance_type() { return kept("instance/instance-type"); }
Result<std::string> Metadata::region() { return kept("region-id"); }
Result<std::string> Metadata::zone() { return kept("zone-id"); }
Result<std::string> Metadata::vpc_id() { return kept("vpc-id"); }
Result<std::string> Metadata::vswitch_id() { return kept("vswitch-id"); }

Result<Mac> Metadata::mac() {
  const std::string text = TRY(kept("mac"));
  Result<Mac> mac = Mac::parse(text);
  return mac.ok() ? mac : unexpected("mac", "a MAC address", text);
}

Result<std::vector<Mac>> Metadata::macs() {
  std::vector<Mac> macs;
  for (const std::string& line : TRY(listing("network/interfaces/macs/"))) {
    const Result<Mac> mac = Mac::parse(line);
    if (!mac.ok()) {
      return unexpected("network/interfaces/macs/", "MAC addresses", line);
    }
    macs.push_back(*mac);
  }
  return macs;
}

Result<std::vector<IpAddress>> Metadata::private_ips(const Mac& mac) {
  return Items(*this, mac).list<IpAddress>("private-ipv4s", to_v4_address);
}
Result<std::vector<Prefix>> Metadata::ipv4_prefixes(const Mac& mac) {
  return Items(*this, mac).list<Prefix>("ipv4-prefixes", to_v4_network);
}
Result<std::vector<IpAddress>> Metadata::ipv6s(const Mac& mac) {
  return Items(*this, mac).list<IpAddress>("ipv6s", to_v6_address);
}
Result<std::vector<Prefix>> Metadata::ipv6_prefixes(const Mac& mac) {
  return Items(*this, mac).list<Prefix>("ipv6-prefixes", to_v6_network);
}

Result<std::optional<EniMetadata>> Metadata::eni(const Mac& mac) {
  using base::Family;
  const std::optional<std::string> id = TRY(text(item_path(mac, "network-interface-id")));
  if (!id || id->empty()) {
    return std::optional<EniMetadata>();
  }
  EniMetadata eni;
  eni.mac = mac;
  eni.eni_id = TRY(to_name(item_path(mac, "network-interface-id"), *id));
  Items items(*this, mac);
  eni.vswitch_id = TRY(items.required<std::string>("vswitch-id", to_name));
  eni.vswitch_cidr = TRY(items.required<Prefix>("vswitch-cidr-block", to_v4_network));
  eni.gateway = TRY(items.required<IpAddress>("gateway", to_v4_address));
  eni.prefix_length = TRY(items.required<int>("netmask", to_prefix_length));
  eni.primary_ip = TRY(items.required<IpAddress>("primary-ip-address", to_v4_address));
  eni.private_ips = TRY(private_ips(mac));
  eni.ipv4_prefixes = TRY(ipv4_prefixes(mac));
  eni.ipv6s = TRY(ipv6s(mac));
  eni.ipv6_gateway = TRY(items.optional<IpAddress>("ipv6-gateway", to_v6_address));
  eni.vswitch_ipv6_cidr = TRY(items.optional<Prefix>("vswitch-ipv6-cidr-block", to_v6_network));
  eni.ipv6_prefixes = TRY(ipv6_prefixes(mac));
  return std::optional<EniMetadata>(std::move(eni));
}

}  // namespace catena::cloud
