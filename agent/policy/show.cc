#include "agent/policy/show.h"

#include <algorithm>
#include <iterator>
#include <netinet/in.h>

#include <nlohmann/json.hpp>

#include "agent/policy/load.h"
#include "common/base/fields.h"
#include "common/netpol/explain.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using netpol::Record;
using Json = nlohmann::json;

constexpr std::int64_t kMostPort = 65'535;

// Nothing where `text` is no "namespace/name".
std::optional<netpol::Key> pod_in(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == 0 || slash == std::string::npos || slash + 1 == text.size()) {
    return std::nullopt;
  }
  return netpol::Key{text.substr(0, slash), text.substr(slash + 1)};
}

Result<netpol::End> end_at(base::Fields& args, std::string_view key) {
  const std::string text = TRY(args.string(key)).value_or("");
  netpol::End end;
  end.pod = pod_in(text);
  if (end.pod.has_value()) {
    return end;
  }
  const auto address = base::IpAddress::parse(text);
  if (!address.ok()) {
    return args.bad_value(key, "NAMESPACE/POD or an address");
  }
  end.address = *address;
  return end;
}

Result<std::uint8_t> protocol_at(base::Fields& args) {
  const std::string name = TRY(args.one_of("protocol", {"TCP", "UDP", "SCTP"})).value_or("TCP");
  if (name == "UDP") {
    return std::uint8_t{IPPROTO_UDP};
  }
  return static_cast<std::uint8_t>(name == "SCTP" ? IPPROTO_SCTP : IPPROTO_TCP);
}

// Names of the policies that isolate the pod in a direction.
template <typename Direction>
Json policies_of(const Cluster& cluster, const Record& record, Direction direction) {
  Json names = Json::array();
  const auto& pods = cluster.objects().pods();
  const auto pod = pods.find({record.pod_namespace, record.pod_name});
  if (pod == pods.end() || !cluster.knows(record)) {
    return names;
  }
  for (const auto& [key, policy] : cluster.objects().policies()) {
    if (key.first == record.pod_namespace && (policy.*direction).has_value() &&
        policy.pods.matches(pod->second.labels)) {
      names.push_back(key.second);
    }
  }
  return names;
}

// Of several attachments the one with these, where they are said.
struct Attachment {
  std::string container_id;
  std::string if_name;
};

Result<Record> find_record(const Enforcer& enforcer, const std::string& name,
                           const Attachment& attachment) {
  const std::optional<netpol::Key> wanted = pod_in(name);
  if (!wanted.has_value()) {
    return Error(ErrorKind::kBadConfig, "pod '" + name + "', expected NAMESPACE/NAME");
  }
  const auto& records = enforcer.cluster().records();
  const auto is = [](const std::string& said, const std::string& has) {
    return said.empty() || said == has;
  };
  const auto found = std::ranges::find_if(records, [&](const auto& entry) {
    const Record& record = entry.second;
    return record.pod_namespace == wanted->first && record.pod_name == wanted->second &&
           is(attachment.container_id, record.container_id) &&
           is(attachment.if_name, record.if_name);
  });
  if (found == records.end()) {
    return Error(ErrorKind::kNotFound,
                 "no pod " + name + " of this node went through catena-policy");
  }
  return found->second;
}

Result<Json> with_cluster(LocalDuty& duty, base::Fields& args,
                          Result<Json> (*answer)(Enforcer& enforcer, base::Fields& args)) {
  const base::Deadline deadline(duty.budget);
  Enforcer enforcer(duty.state_dir, firewall::Backend::kAuto);
  {
    const base::FileLock lock = TRY(enforcer.lock(deadline));
    TRY(load_cluster(duty, deadline, enforcer));
  }
  duty.notices.emplace_back("no daemon answered: this is as the last snapshot has it");
  return answer(enforcer, args);
}

}  // namespace

Result<Json> explain_policy(const Cluster& cluster, base::Fields& args) {
  netpol::Question question;
  question.source = TRY(end_at(args, "source"));
  question.destination = TRY(end_at(args, "destination"));
  question.protocol = TRY(protocol_at(args));
  question.port = static_cast<std::uint16_t>(TRY(args.integer("port", 0, kMostPort)).value_or(0));
  TRY(args.no_unknown_keys());
  const netpol::Explanation explanation = TRY(netpol::explain(cluster.objects(), question));
  Json answer = netpol::to_json(explanation);
  answer["text"] = netpol::to_text(explanation);
  return answer;
}

Result<Json> show_policy(Enforcer& enforcer, base::Fields& args) {
  const std::string name = TRY(args.string("pod")).value_or("");
  Attachment attachment;
  attachment.container_id = TRY(args.string("containerID")).value_or("");
  attachment.if_name = TRY(args.string("ifname")).value_or("");
  TRY(args.no_unknown_keys());
  const Record record = TRY(find_record(enforcer, name, attachment));
  Cluster& cluster = enforcer.cluster();
  const Verdict verdict = verdict_of(cluster, record);
  Json addresses = Json::array();
  std::ranges::transform(record.addresses, std::back_inserter(addresses),
                         [](const base::IpAddress& address) { return address.to_string(); });
  Json answer{{"pod", name},
              {"container", record.container_id},
              {"addresses", std::move(addresses)},
              {"known", verdict.known},
              {"ownNic", record.own_nic},
              {"ingress",
               {{"isolated", verdict.isolates_ingress},
                {"policies", policies_of(cluster, record, &netpol::Policy::ingress)}}},
              {"egress",
               {{"isolated", verdict.isolates_egress},
                {"policies", policies_of(cluster, record, &netpol::Policy::egress)}}}};
  answer["backend"] = firewall::name_of(TRY(enforcer.kernel().firewall()));
  answer["differences"] = TRY(enforcer.kernel().differences(cluster.rules(), record));
  return answer;
}

Result<Json> answer_policy_explain(LocalDuty& duty, base::Fields& args) {
  return with_cluster(duty, args, [](Enforcer& enforcer, base::Fields& fields) {
    return explain_policy(enforcer.cluster(), fields);
  });
}

Result<Json> answer_policy_show(LocalDuty& duty, base::Fields& args) {
  return with_cluster(duty, args, show_policy);
}

}  // namespace catena::agent
