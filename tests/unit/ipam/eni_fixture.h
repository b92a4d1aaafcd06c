// A store with ENIs, and pods that claim what they have.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/ipam/cloud.h"
#include "tests/unit/ipam/store_fixture.h"

namespace catena::ipam {

inline const std::vector<base::Family> kIpv4Only{base::Family::kIpv4};
inline const std::vector<base::Family> kDual{base::Family::kIpv4, base::Family::kIpv6};

inline Eni an_eni(const std::string& id, const std::string& address) {
  Eni eni;
  eni.id = id;
  eni.mac = base::Mac::parse("00:16:3e:00:00:01").value();
  eni.vswitch = "vsw-1";
  eni.address = ip(address);
  eni.gateway = ip("10.1.0.253");
  eni.mode = "shared";
  eni.state = EniState::kInUse;
  return eni;
}

class EniClaimTest : public StoreTest {
 protected:
  std::string change(const CloudChange& change) {
    const base::Status done = node_.store().change(change);
    return done.ok() ? "done" : done.error().message();
  }
  // An ENI with these addresses, the first one its primary.
  void put_eni(const std::string& id, const std::vector<std::string>& addresses,
               const std::string& mode = "shared", EniState state = EniState::kInUse) {
    CloudChange put;
    put.put_enis = {an_eni(id, addresses.front())};
    put.put_enis.front().mode = mode;
    put.put_enis.front().state = state;
    for (const std::string& address : addresses) {
      put.put_addresses.push_back({ip(address), id});
    }
    ASSERT_EQ(change(put), "done");
  }
  static EniClaim claim_of(const std::string& container, std::vector<base::Family> families,
                           const std::vector<std::string>& wanted = {}) {
    EniClaim claim;
    claim.owner = {container, "eth0", "net", "/run/netns/" + container, "ns/" + container};
    claim.families = std::move(families);
    for (const std::string& address : wanted) {
      claim.wanted.push_back(ip(address));
    }
    return claim;
  }
  // "eni-1: 10.1.0.10 fd00::10", "nothing", or the error.
  std::string claim(const EniClaim& claim) {
    return said(node_.store().claim_from_enis(claim, node_.in_use()));
  }
  static std::string said(const base::Result<std::optional<EniAttachment>>& taken) {
    if (!taken.ok()) {
      return taken.error().message();
    }
    return taken->has_value() ? (*taken)->eni.id + ": " + text_of((*taken)->records) : "nothing";
  }
  std::string claim(const std::string& container, std::vector<base::Family> families = kIpv4Only,
                    const std::vector<std::string>& wanted = {}) {
    return claim(claim_of(container, std::move(families), wanted));
  }
  // "eni-1 slot 1: 2 free 1 cooling 1 bound 0 reserved 0 quarantined", IPv4.
  std::string stock() {
    std::string text;
    for (const EniStock& one : node_.store().stock().value()) {
      const FamilyStock& stock = one.ipv4;
      text += (text.empty() ? "" : "; ") + one.eni.id + ": " + std::to_string(stock.free) +
              " free " + std::to_string(stock.cooling) + " cooling " + std::to_string(stock.bound) +
              " bound " + std::to_string(stock.reserved) + " reserved " +
              std::to_string(stock.quarantined) + " quarantined";
    }
    return text;
  }
  std::vector<int> slots() {
    std::vector<int> slots;
    for (const Eni& eni : node_.store().cloud().value().enis) {
      slots.push_back(eni.slot);
    }
    return slots;
  }
};

}  // namespace catena::ipam
