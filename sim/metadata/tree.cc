#include "sim/metadata/tree.h"

#include <nlohmann/json.hpp>

#include "common/base/text.h"

namespace catena::sim {
namespace {

using nlohmann::json;
using PrefixList = MetadataOptions::PrefixList;

template <typename T>
std::vector<std::string> texts(const std::vector<T>& values) {
  std::vector<std::string> result;
  result.reserve(values.size());
  for (const T& value : values) {
    result.push_back(value.to_string());
  }
  return result;
}

// "[a,b]", without the quotes of JSON.
std::string brackets(const std::vector<std::string>& values) {
  return "[" + base::join(values, ",") + "]";
}

std::string prefixes(const std::vector<std::string>& values, PrefixList how) {
  if (how == PrefixList::kJson) {
    return json(values).dump();
  }
  if (how == PrefixList::kLines || values.size() == 1) {
    return base::join(values, "\n");
  }
  return brackets(values);
}

std::string dotted_mask(int length) {
  const std::uint32_t mask = length == 0 ? 0 : ~std::uint32_t{0} << (32 - length);
  std::vector<std::string> parts;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    parts.push_back(std::to_string(mask >> shift & 255U));
  }
  return base::join(parts, ".");
}

void add_nic(MetadataTree& tree, const NicView& nic, PrefixList how) {
  const std::string at = "meta-data/network/interfaces/macs/" + nic.mac.to_string() + "/";
  tree[at + "network-interface-id"] = nic.id;
  tree[at + "vpc-id"] = nic.vpc;
  tree[at + "vswitch-id"] = nic.vswitch;
  tree[at + "vpc-cidr-block"] = nic.vpc_cidr.to_string();
  tree[at + "vswitch-cidr-block"] = nic.vswitch_cidr.to_string();
  tree[at + "netmask"] = dotted_mask(nic.vswitch_cidr.length());
  tree[at + "gateway"] = nic.gateway.to_string();
  if (!nic.ipv4.empty()) {
    tree[at + "primary-ip-address"] = nic.ipv4.front().to_string();
    tree[at + "private-ipv4s"] = json(texts(nic.ipv4)).dump();
  }
  if (!nic.ipv4_prefixes.empty()) {
    tree[at + "ipv4-prefixes"] = prefixes(texts(nic.ipv4_prefixes), how);
  }
  if (!nic.ipv6.empty()) {
    tree[at + "ipv6s"] = brackets(texts(nic.ipv6));
  }
  if (!nic.ipv6_prefixes.empty()) {
    tree[at + "ipv6-prefixes"] = prefixes(texts(nic.ipv6_prefixes), how);
  }
  if (nic.vswitch_ipv6_cidr.has_value()) {
    tree[at + "vswitch-ipv6-cidr-block"] = nic.vswitch_ipv6_cidr->to_string();
  }
  if (nic.gateway6.has_value()) {
    tree[at + "ipv6-gateway"] = nic.gateway6->to_string();
  }
  if (nic.vpc_ipv6_cidr.has_value()) {
    tree[at + "vpc-ipv6-cidr-blocks"] = "[" + nic.vpc_ipv6_cidr->to_string() + "]";
  }
}

void add_primary(MetadataTree& tree, const NicView& nic) {
  tree["meta-data/mac"] = nic.mac.to_string();
  tree["meta-data/vpc-id"] = nic.vpc;
  tree["meta-data/vswitch-id"] = nic.vswitch;
  tree["meta-data/vpc-cidr-block"] = nic.vpc_cidr.to_string();
  tree["meta-data/vswitch-cidr-block"] = nic.vswitch_cidr.to_string();
  if (!nic.ipv4.empty()) {
    tree["meta-data/private-ipv4"] = nic.ipv4.front().to_string();
  }
}

void add_instance(MetadataTree& tree, const InstanceView& instance) {
  tree["meta-data/instance-id"] = instance.id;
  tree["meta-data/instance/instance-type"] = instance.type;
  tree["meta-data/instance/instance-name"] = instance.name;
  tree["meta-data/instance/max-netbw-egress"] = std::to_string(instance.bandwidth_kbps);
  tree["meta-data/instance/max-netbw-ingress"] = std::to_string(instance.bandwidth_kbps);
  tree["meta-data/region-id"] = instance.region;
  tree["meta-data/zone-id"] = instance.zone;
  tree["meta-data/network-type"] = "vpc";
  tree["meta-data/hostname"] = instance.host_name;
  tree["meta-data/serial-number"] = instance.serial;
  tree["meta-data/image-id"] = instance.image;
  tree["meta-data/owner-account-id"] = instance.account;
  tree["meta-data/source-address"] = "http://mirrors.cloud.aliyuncs.com";
  tree["meta-data/dns-conf/nameservers"] = "100.100.2.136\n100.100.2.138";
  tree["meta-data/ntp-conf/ntp-servers"] = "ntp1.aliyun.com\nntp2.aliyun.com";
  for (const auto& [key, value] : instance.tags) {
    tree["meta-data/tags/instance/" + key] = value;
  }
  if (!instance.role.empty()) {
    tree["meta-data/ram/security-credentials/" + instance.role] = "";
  }
  tree["maintenance/active-system-events"] = "[]";
}

std::string identity(const MetadataTree& tree) {
  json document = json::object();
  for (const char* const key :
       {"zone-id", "serial-number", "instance-id", "region-id", "private-ipv4", "owner-account-id",
        "mac", "image-id", "instance/instance-type"}) {
    const auto found = tree.find(std::string("meta-data/") + key);
    const std::string name =
        std::string_view(key) == "instance/instance-type" ? "instance-type" : key;
    document[name] = found == tree.end() ? "" : found->second;
  }
  return document.dump();
}

}  // namespace

MetadataTree metadata_tree(const InstanceView& instance, const std::vector<NicView>& nics,
                           PrefixList prefix_list) {
  MetadataTree tree;
  add_instance(tree, instance);
  for (const NicView& nic : nics) {
    add_nic(tree, nic, prefix_list);
    if (nic.primary) {
      add_primary(tree, nic);
    }
  }
  tree["dynamic/instance-identity/document"] = identity(tree);
  return tree;
}

std::optional<std::string> metadata_listing(const MetadataTree& tree, std::string path) {
  if (!path.empty() && !path.ends_with('/')) {
    path += '/';
  }
  std::vector<std::string> entries;
  for (auto item = tree.lower_bound(path); item != tree.end() && item->first.starts_with(path);
       ++item) {
    const std::string rest = item->first.substr(path.size());
    const std::size_t slash = rest.find('/');
    const std::string entry = rest.substr(0, slash == std::string::npos ? slash : slash + 1);
    if (entries.empty() || entries.back() != entry) {
      entries.push_back(entry);
    }
  }
  return entries.empty() ? std::nullopt : std::optional(base::join(entries, "\n"));
}

}  // namespace catena::sim
