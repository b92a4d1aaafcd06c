#include "common/shaping/record.h"

#include "common/shaping/record_json.h"

namespace catena::shaping {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;

bool is_gone(const Error& error) {
  return error.is(ErrorKind::kNotFound) || error.is(ErrorKind::kBadNetns);
}

}  // namespace

Status Records::write(const Record& record) const {
  return folder_.write(ifb_name(record.shaped.container_id, record.shaped.if_name),
                       to_json(record));
}

Result<std::optional<Record>> Records::read(const std::string& name) const {
  const auto text = TRY(folder_.read(name));
  if (!text.has_value()) {
    return std::optional<Record>();
  }
  Result<Record> record = record_from_json(*text);
  if (!record.ok()) {
    return std::move(record).error().context("read " + folder_.path_of(name));
  }
  return std::optional<Record>(*std::move(record));
}

Result<std::optional<Record>> Records::find(const std::string& container_id,
                                            const std::string& if_name) const {
  return read(ifb_name(container_id, if_name));
}

Result<std::vector<Record>> Records::list(std::vector<std::string>& notices) const {
  std::vector<Record> records;
  for (const std::string& name : TRY(folder_.names())) {
    auto record = read(name);
    if (!record.ok()) {
      notices.push_back(record.error().text());
    } else if (record->has_value()) {
      records.push_back(**std::move(record));
    }
  }
  return records;
}

Status Records::remove(const std::string& container_id, const std::string& if_name) const {
  return folder_.remove(ifb_name(container_id, if_name));
}

Status Records::reshape(Record record, const Rates& rates) const {
  const auto sandbox = netlink::NetNs::open(record.netns);
  if (!sandbox.ok()) {
    return is_gone(sandbox.error()) ? Status() : Status(sandbox.error());
  }
  auto node = TRY(netlink::Socket::open());
  auto pod = TRY(netlink::Socket::open_in(*sandbox));
  if (record.shaped.pipes.empty()) {
    record.shaped.pipes = TRY(find_pipes(node, pod, record.shaped.if_name, {}));
  }
  Status shaped = shape(node, pod, record.shaped, rates);
  if (!folder_.has(ifb_name(record.shaped.container_id, record.shaped.if_name))) {
    // DEL removes the record first: what was made since then is ours to remove.
    return shaping::remove(node, &pod, record.shaped);
  }
  TRY(std::move(shaped));
  record.rates = rates;
  return write(record);
}

}  // namespace catena::shaping
