// Building and reading rtnetlink messages with libnl. Internal to this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "common/base/error.h"
#include "common/base/ip.h"
#include "common/base/mac.h"
#include "common/netlink/request.h"

namespace catena::netlink {

class MessageBuilder {
 public:
  // `header` is the family's own: ifinfomsg, rtmsg, ...
  template <typename Header>
  MessageBuilder(int type, int flags, const Header& header)
      : MessageBuilder(type, flags, &header, sizeof header) {}

  void put(int type, const void* data, std::size_t size);
  void put_u8(int type, std::uint8_t value) { put(type, &value, sizeof value); }
  void put_u32(int type, std::uint32_t value) { put(type, &value, sizeof value); }
  // With its terminating zero.
  void put_text(int type, const std::string& text) { put(type, text.c_str(), text.size() + 1); }
  void put_address(int type, const base::IpAddress& ip) { put(type, ip.data(), ip.size()); }
  void put_mac(int type, const base::Mac& mac) { put(type, mac.bytes.data(), mac.bytes.size()); }

  // An attribute made of what `fill` puts.
  template <typename Fill>
  void nest(int type, Fill fill) {
    nlattr* start = message_ ? nla_nest_start(message_.get(), type) : nullptr;
    if (start == nullptr) {
      message_.reset();
      return;
    }
    fill();
    if (message_) {
      nla_nest_end(message_.get(), start);
    }
  }
  // A structure without an attribute's header, as VETH_INFO_PEER starts with.
  template <typename T>
  void append(const T& structure) {
    append(&structure, sizeof structure);
  }

  Request finish(std::string what) &&;

 private:
  MessageBuilder(int type, int flags, const void* header, std::size_t size);
  void append(const void* data, std::size_t size);

  // Null once something did not fit.
  std::unique_ptr<nl_msg, FreeMessage> message_;
};

// The attributes of a message or of a nest. An attribute that is absent or too short reads as zero
// or empty. Valid as long as the message.
class Attributes {
 public:
  Attributes(const nlattr* first, int length) : first_(first), length_(length) {}
  // Those after the family's own header of `header_size` bytes.
  static Attributes of(const nlmsghdr* message, std::size_t header_size);

  bool has(int type) const { return find(type, 0) != nullptr; }
  Attributes nested(int type) const;
  std::uint8_t u8(int type) const;
  std::uint32_t u32(int type) const;
  std::string text(int type) const;
  // IPv4 when it has 4 bytes, IPv6 when it has 16.
  std::optional<base::IpAddress> address(int type) const;
  std::optional<base::Mac> mac(int type) const;
  // Null when it is shorter than `size`.
  const void* data(int type, std::size_t size) const;
  int size(int type) const;

 private:
  const nlattr* find(int type, std::size_t least) const;

  const nlattr* first_;
  int length_;
};

// The family's own header of an answer; null when the message is too short for it.
template <typename Header>
const Header* header_of(const nlmsghdr* message) {
  return nlmsg_valid_hdr(message, sizeof(Header)) != 0
             ? static_cast<const Header*>(nlmsg_data(message))
             : nullptr;
}

// An answer as Socket::ask keeps it. It has the size of a message: the socket saw to that.
inline const nlmsghdr* as_message(const std::vector<char>& answer) {
  return reinterpret_cast<const nlmsghdr*>(answer.data());
}
inline base::Error unreadable_answer(const Request& request) {
  return {base::ErrorKind::kInternal, request.what + ": the kernel's answer is not readable"};
}

// AF_INET or AF_INET6.
unsigned char address_family(base::Family family);
std::optional<base::Family> family_of(unsigned char address_family);

// The table's number in a header; 0 (RT_TABLE_UNSPEC) above 255, where only the attribute holds it.
inline unsigned char header_table(std::uint32_t table) {
  return table < 256 ? static_cast<unsigned char>(table) : 0;
}

}  // namespace catena::netlink
