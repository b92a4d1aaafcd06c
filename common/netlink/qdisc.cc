#include "common/netlink/qdisc.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "common/netlink/message.h"
#include "common/netlink/socket.h"
#include "common/netlink/traffic.h"

namespace catena::netlink {
namespace {

constexpr std::uint32_t kMost = std::numeric_limits<std::uint32_t>::max();
// Nanoseconds of a tick (PSCHED_SHIFT of net/pkt_sched.h; /proc/net/psched).
constexpr std::uint64_t kTick = 64;
constexpr std::uint64_t kSecond = 1'000'000'000;
// More than one frame of the largest MTU; with one class it decides nothing, but the kernel
// complains about what it would choose itself for high rates.
constexpr std::uint32_t kQuantum = 100'000;
constexpr std::uint32_t kDirectQueue =
    1000;  // packets; what is not shaped waits for the link alone

constexpr const char* kNeedsTbf = "CONFIG_NET_SCH_TBF (module sch_tbf)";
constexpr const char* kNeedsHtb = "CONFIG_NET_SCH_HTB (module sch_htb)";

std::string name_of(Handle handle) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto hex = [](unsigned number) {
    std::string text;
    for (; number != 0 || text.empty(); number >>= 4U) {
      text.insert(text.begin(), kDigits[number & 15U]);
    }
    return text;
  };
  return hex(handle.major) + ":" + (handle.minor == 0 ? "" : hex(handle.minor));
}

// How long `burst` takes, in ticks.
std::uint64_t ticks_of(const Bucket& bucket) {
  __extension__ using Wide = unsigned __int128;
  const Wide rate = std::max(bucket.rate, std::uint64_t{1});
  const Wide ticks = Wide{bucket.burst} * kSecond / (rate * kTick);
  return static_cast<std::uint64_t>(ticks);
}

std::uint32_t clamped(std::uint64_t number) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(number, kMost));
}

// A rate that does not fit is told by an attribute of 64 bits beside this one.
tc_ratespec rate_of(const Bucket& bucket) {
  tc_ratespec rate{};
  rate.linklayer = TC_LINKLAYER_ETHERNET;  // so that the kernel asks for no table of times
  rate.rate = clamped(bucket.rate);
  return rate;
}

void put_rate64(MessageBuilder& builder, int type, const Bucket& bucket) {
  if (bucket.rate >= kMost) {
    builder.put(type, &bucket.rate, sizeof bucket.rate);
  }
}

// The kernel gives what was asked for as an echo to the asker, and an acknowledgement where there
// is nothing to give.
constexpr int kAnswer = NLM_F_ECHO | NLM_F_ACK;
constexpr int kCreateOrChange = NLM_F_CREATE | NLM_F_REPLACE;

MessageBuilder root_builder(const Link& link, std::uint16_t major, const char* kind) {
  MessageBuilder builder(
      RTM_NEWQDISC, kCreateOrChange,
      traffic_header(link, {.handle = number_of({major, 0}), .parent = TC_H_ROOT}));
  builder.put_text(TCA_KIND, kind);
  return builder;
}

std::optional<std::uint64_t> u64_in(const Attributes& attributes, int type) {
  const auto* number =
      static_cast<const std::uint64_t*>(attributes.data(type, sizeof(std::uint64_t)));
  if (number == nullptr) {
    return std::nullopt;
  }
  std::uint64_t aligned = 0;
  std::copy_n(reinterpret_cast<const char*>(number), sizeof aligned,
              reinterpret_cast<char*>(&aligned));
  return aligned;
}

void read_tbf(const Attributes& options, Qdisc& qdisc) {
  const auto* parms =
      static_cast<const tc_tbf_qopt*>(options.data(TCA_TBF_PARMS, sizeof(tc_tbf_qopt)));
  if (parms != nullptr) {
    qdisc.rate = u64_in(options, TCA_TBF_RATE64).value_or(parms->rate.rate);
    qdisc.buffer = parms->buffer;
    qdisc.limit = parms->limit;
  }
}

void read_htb(const Attributes& options, Qdisc& qdisc) {
  const auto* parms =
      static_cast<const tc_htb_opt*>(options.data(TCA_HTB_PARMS, sizeof(tc_htb_opt)));
  if (parms != nullptr) {
    qdisc.rate = u64_in(options, TCA_HTB_RATE64).value_or(parms->rate.rate);
    qdisc.buffer = parms->buffer;
  }
}

std::optional<Qdisc> read_qdisc(const nlmsghdr* message) {
  const auto* header = header_of<tcmsg>(message);
  if (header == nullptr) {
    return std::nullopt;
  }
  const Attributes attributes = Attributes::of(message, sizeof *header);
  Qdisc qdisc{.kind = attributes.text(TCA_KIND), .handle = handle_of(header->tcm_handle)};
  if (qdisc.kind == "tbf") {
    read_tbf(attributes.nested(TCA_OPTIONS), qdisc);
  } else if (qdisc.kind == "htb") {
    read_htb(attributes.nested(TCA_OPTIONS), qdisc);
  } else if (qdisc.kind == "bfifo") {
    const auto* parms =
        static_cast<const tc_fifo_qopt*>(attributes.data(TCA_OPTIONS, sizeof(tc_fifo_qopt)));
    qdisc.limit = parms == nullptr ? 0 : parms->limit;
  }
  return qdisc;
}

// The kernel looks for the kind, then refuses it (EINVAL).
Request root_without_options(const char* kind) {
  constexpr std::uint16_t kAnyMajor = 0xca00;
  Link loopback;
  loopback.index = 1;  // in every namespace
  MessageBuilder builder(
      RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL,
      traffic_header(loopback, {.handle = number_of({kAnyMajor, 0}), .parent = TC_H_ROOT}));
  builder.put_text(TCA_KIND, kind);
  return std::move(builder).finish(std::string("look for qdisc ") + kind);
}

}  // namespace

Request set_root_tbf(const Link& link, std::uint16_t major, const Tbf& tbf) {
  MessageBuilder builder = root_builder(link, major, "tbf");
  builder.nest(TCA_OPTIONS, [&] {
    tc_tbf_qopt parms{};
    parms.rate = rate_of(tbf.bucket);
    parms.limit = tbf.limit;
    parms.buffer = clamped(ticks_of(tbf.bucket));
    builder.put(TCA_TBF_PARMS, &parms, sizeof parms);
    // In bytes, beside the time above, which has too few bits for a slow rate.
    builder.put_u32(TCA_TBF_BURST, tbf.bucket.burst);
    put_rate64(builder, TCA_TBF_RATE64, tbf.bucket);
  });
  Request request = std::move(builder).finish("set qdisc tbf on " + link.name);
  request.needs = kNeedsTbf;
  return request;
}

Request set_root_htb(const Link& link, std::uint16_t major, std::uint16_t default_minor) {
  constexpr std::uint32_t kVersion = 3;  // of the messages
  MessageBuilder builder = root_builder(link, major, "htb");
  builder.nest(TCA_OPTIONS, [&] {
    tc_htb_glob parms{};
    parms.version = kVersion;
    parms.rate2quantum = 10;  // used by no class here, but 0 is refused
    parms.defcls = default_minor;
    builder.put(TCA_HTB_INIT, &parms, sizeof parms);
    builder.put_u32(TCA_HTB_DIRECT_QLEN, kDirectQueue);
  });
  Request request = std::move(builder).finish("set qdisc htb on " + link.name);
  request.needs = kNeedsHtb;
  return request;
}

Request set_htb_class(const Link& link, Handle handle, const Bucket& bucket) {
  MessageBuilder builder(
      RTM_NEWTCLASS, kCreateOrChange,
      traffic_header(link, {.handle = number_of(handle), .parent = number_of({handle.major, 0})}));
  builder.put_text(TCA_KIND, "htb");
  builder.nest(TCA_OPTIONS, [&] {
    tc_htb_opt parms{};
    parms.rate = rate_of(bucket);
    parms.ceil = parms.rate;
    parms.buffer = clamped(ticks_of(bucket));
    parms.cbuffer = parms.buffer;
    parms.quantum = kQuantum;
    put_rate64(builder, TCA_HTB_RATE64, bucket);
    put_rate64(builder, TCA_HTB_CEIL64, bucket);
    builder.put(TCA_HTB_PARMS, &parms, sizeof parms);
  });
  return std::move(builder).finish("set class " + name_of(handle) + " on " + link.name);
}

Request set_class_bfifo(const Link& link, Handle parent, std::uint32_t limit) {
  MessageBuilder builder(RTM_NEWQDISC, kCreateOrChange,
                         traffic_header(link, {.parent = number_of(parent)}));
  builder.put_text(TCA_KIND, "bfifo");
  tc_fifo_qopt parms{};
  parms.limit = limit;
  builder.put(TCA_OPTIONS, &parms, sizeof parms);
  return std::move(builder).finish("set qdisc bfifo in class " + name_of(parent) + " of " +
                                   link.name);
}

Request add_ingress_hook(const Link& link) {
  MessageBuilder builder(
      RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL,
      traffic_header(link, {.handle = TC_H_INGRESS & TC_H_MAJ_MASK, .parent = TC_H_INGRESS}));
  builder.put_text(TCA_KIND, "ingress");
  Request request = std::move(builder).finish("add qdisc ingress to " + link.name);
  request.ok_if_exists = true;
  request.needs = "CONFIG_NET_SCH_INGRESS (module sch_ingress)";
  return request;
}

Request delete_root_qdisc(const Link& link, std::uint16_t major) {
  return MessageBuilder(
             RTM_DELQDISC, 0,
             traffic_header(link, {.handle = number_of({major, 0}), .parent = TC_H_ROOT}))
      .finish("delete qdisc " + name_of({major, 0}) + " of " + link.name);
}

Request delete_ingress_hook(const Link& link) {
  Request request = MessageBuilder(RTM_DELQDISC, 0, traffic_header(link, {.parent = TC_H_INGRESS}))
                        .finish("delete the ingress qdisc of " + link.name);
  request.ok_if_gone = true;
  return request;
}

base::Result<Qdisc> Socket::find_qdisc_by(const Request& request) {
  const auto answers = ask(request);
  if (answers.ok() && answers->empty()) {
    return base::Error(base::ErrorKind::kNotFound, request.what + ": only the kernel's default");
  }
  if (!answers.ok()) {
    // Some kernels say EINVAL where there is only what they do not show, others nothing at all.
    return answers.error().sys_errno() == EINVAL
               ? base::Error(answers.error()).as(base::ErrorKind::kNotFound)
               : answers.error();
  }
  std::optional<Qdisc> qdisc = read_qdisc(as_message(answers->front()));
  if (!qdisc) {
    return unreadable_answer(request);
  }
  // The kernel's own have no number.
  if (qdisc->handle.major == 0) {
    return base::Error(base::ErrorKind::kNotFound, request.what + ": only the kernel's default");
  }
  return *std::move(qdisc);
}

base::Result<Qdisc> Socket::find_qdisc(const Link& link, Place place) {
  const bool root = place == Place::kRoot;
  return find_qdisc_by(
      MessageBuilder(RTM_GETQDISC, kAnswer,
                     traffic_header(link, {.parent = root ? TC_H_ROOT : TC_H_INGRESS}))
          .finish(std::string("find the ") + (root ? "root" : "ingress") + " qdisc of " +
                  link.name));
}

base::Result<Qdisc> Socket::find_class_qdisc(const Link& link, Handle parent) {
  return find_qdisc_by(
      MessageBuilder(RTM_GETQDISC, kAnswer, traffic_header(link, {.parent = number_of(parent)}))
          .finish("find the qdisc of class " + name_of(parent) + " of " + link.name));
}

base::Result<Qdisc> Socket::find_class(const Link& link, Handle handle) {
  return find_qdisc_by(
      MessageBuilder(RTM_GETTCLASS, kAnswer, traffic_header(link, {.handle = number_of(handle)}))
          .finish("find class " + name_of(handle) + " of " + link.name));
}

base::Status Socket::has_qdisc(Request without_options) {
  base::Status refused = send(std::move(without_options));
  const bool known = refused.ok() || !refused.error().is(base::ErrorKind::kUnsupported);
  return known ? base::Status() : refused;
}

base::Status Socket::has_tbf() {
  Request request = root_without_options("tbf");
  request.needs = kNeedsTbf;
  return has_qdisc(std::move(request));
}

base::Status Socket::has_htb() {
  Request request = root_without_options("htb");
  request.needs = kNeedsHtb;
  return has_qdisc(std::move(request));
}

bool has_bucket(const Qdisc& qdisc, const Bucket& bucket) {
  constexpr std::uint32_t kMillionth = 1'000'000;
  const std::uint64_t ticks = ticks_of(bucket);
  const auto expected = static_cast<std::uint32_t>(ticks);
  const std::uint32_t apart = std::min(qdisc.buffer - expected, expected - qdisc.buffer);
  return qdisc.rate == bucket.rate && apart <= std::max<std::uint64_t>(ticks / kMillionth, 2);
}

}  // namespace catena::netlink
