// The protocol's values (CNI spec 1.1.0): versions, the result of an ADD, attachments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"

namespace catena::cni {

// In order of age; what each may hold differs (spec, "Versioning").
// NOLINTNEXTLINE(readability-identifier-naming): a version begins with a digit
enum class Version { k0_3_0, k0_3_1, k0_4_0, k1_0_0, k1_1_0 };

enum class Command { kAdd, kDel, kCheck, kGc, kStatus, kVersion };

struct Interface {
  std::string name;
  std::string mac;                   // empty: not said
  std::optional<std::uint32_t> mtu;  // bytes; printed from 1.1.0 on
  std::string sandbox;               // the namespace's path; empty: on the host
  std::string socket_path;           // 1.1.0
  std::string pci_id;                // 1.1.0
};

struct IpConfig {
  base::Prefix address;  // host bits kept
  std::optional<base::IpAddress> gateway;
  std::optional<int> interface;  // index into AddResult::interfaces
};

struct RouteConfig {
  base::Prefix destination;
  std::optional<base::IpAddress> gateway;
  std::optional<std::uint32_t> mtu;
  std::optional<std::uint32_t> advmss;
  std::optional<std::uint32_t> priority;
  std::optional<std::uint32_t> table;
  std::optional<std::uint32_t> scope;
};

struct Dns {
  std::vector<std::string> nameservers;
  std::string domain;
  std::vector<std::string> search;
  std::vector<std::string> options;
  bool empty() const {
    return nameservers.empty() && domain.empty() && search.empty() && options.empty();
  }
};

struct AddResult {
  std::vector<Interface> interfaces;
  std::vector<IpConfig> ips;
  std::vector<RouteConfig> routes;
  Dns dns;
};

// What the state of a pod's interface is kept by (spec, "Lifecycle & Ordering").
struct Attachment {
  std::string container_id;
  std::string if_name;
  auto operator<=>(const Attachment&) const = default;
};

}  // namespace catena::cni
