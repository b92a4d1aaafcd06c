#include "common/podlink/names.h"

#include <array>

#include "common/base/hash.h"

namespace catena::podlink {
namespace {

enum class Use : std::uint64_t { kName = 1, kHostMac = 2, kPodMac = 3 };

// A NUL can be in neither part, so two attachments never give the same text.
std::uint64_t hash_of(const cni::Attachment& attachment, Use use) {
  return base::hash64(attachment.container_id + '\0' + attachment.if_name,
                      static_cast<std::uint64_t>(use));
}

}  // namespace

base::IpAddress gateway_of(base::Family family) {
  static constexpr std::array<std::uint8_t, 4> kIpv4{169, 254, 1, 1};
  static constexpr std::array<std::uint8_t, 16> kIpv6{0xfe, 0x80, 0, 0, 0, 0, 0, 0,
                                                      0,    0,    0, 0, 0, 0, 0, 1};
  return family == base::Family::kIpv4 ? base::IpAddress::from_bytes(family, kIpv4.data())
                                       : base::IpAddress::from_bytes(family, kIpv6.data());
}

std::string host_link_name(const cni::Attachment& attachment) {
  return kHostLinkPrefix + base::name_of_hash(hash_of(attachment, Use::kName));
}

base::Mac host_mac(const cni::Attachment& attachment) {
  return base::Mac::local_from(hash_of(attachment, Use::kHostMac));
}

base::Mac pod_mac(const cni::Attachment& attachment) {
  return base::Mac::local_from(hash_of(attachment, Use::kPodMac));
}

}  // namespace catena::podlink
