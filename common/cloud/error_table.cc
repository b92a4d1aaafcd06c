#include "common/cloud/error_table.h"

#include "common/cloud/http.h"

namespace catena::cloud {
namespace {

using enum ErrorClass;
using enum Reaction;
using base::ErrorKind::kBadConfig;
using base::ErrorKind::kExists;
using base::ErrorKind::kInternal;
using base::ErrorKind::kTryAgain;
using base::ErrorKind::kUnsupported;

constexpr Verdict kAbsent{kNotFound, kGone, base::ErrorKind::kNotFound, ""};

struct Row {
  std::string_view code;
  Verdict verdict;
};

constexpr std::string_view kUnreachable =
    "check that this node reaches the endpoint: a VPC-internal one (<product>-vpc.<region>"
    ".aliyuncs.com) resolves inside a VPC only; ALICLOUD_ENDPOINT_TYPE=public, ECS_ENDPOINT, "
    "VPC_ENDPOINT or https_proxy choose another way";
constexpr std::string_view kNotOpenApi =
    "check that the endpoint is one of the OpenAPI, and what a proxy on the way answers";
constexpr std::string_view kSlower =
    "if this lasts, raise the account's rate of this API in the quota centre, or lower rate_limit "
    "in eni.conf";
constexpr std::string_view kClock = "set this node's clock (chronyc tracking shows how far it is)";
constexpr std::string_view kSecret = "check that AccessKey id and secret are of one pair";
constexpr std::string_view kKey =
    "check that the AccessKey exists, is enabled and belongs to this account";
constexpr std::string_view kToken =
    "check that AccessKey id, secret and security token are of one issue and have not expired";
constexpr std::string_view kRights =
    "grant the RAM role or user whose key this node uses the actions listed in docs/cloud.md";
constexpr std::string_view kAccount = "check the state of the Alibaba Cloud account";
constexpr std::string_view kRegion =
    "check the region: it must be that of this node, as the metadata service names it";
constexpr std::string_view kOurRequest =
    "this release and the OpenAPI do not agree on this call: report it with the RequestId";
constexpr std::string_view kVSwitch =
    "check the vSwitches in eni.conf: each must exist in this node's VPC and zone";
constexpr std::string_view kMoreAddresses =
    "add a vSwitch of this zone that has free addresses to eni.conf";
constexpr std::string_view kPrefixBlock =
    "check the address: it must lie in the vSwitch's block and not be one that the VPC reserves";
constexpr std::string_view kEniQuota =
    "raise the account's quota of ENIs in this region, or delete ENIs that nobody uses";
constexpr std::string_view kTypeLimit =
    "this instance type holds no more: use a larger one, or fewer pods on this node";
constexpr std::string_view kGroup =
    "check the security groups in eni.conf: each must exist in this node's VPC";
constexpr std::string_view kGroupFull =
    "this security group is full: give eni.conf another one, or an enterprise security group";
constexpr std::string_view kPlace = "the ENI must be in the zone and the VPC of the instance";
constexpr std::string_view kHotPlug =
    "this instance type takes ENIs only while it is stopped: use another type";
constexpr std::string_view kManaged = "the ENI belongs to another cloud product; leave it alone";
constexpr std::string_view kIpv6Off =
    "turn IPv6 on for the VPC and the vSwitch, and check that the instance type supports it";
constexpr std::string_view kTags =
    "check eni_tags in eni.conf: at most 20, keys unique, at most 128 characters, not beginning "
    "with aliyun or acs:";
constexpr std::string_view kRouteQuota =
    "raise the quota of entries of this route table, or remove entries that nobody uses";
constexpr std::string_view kRouteTable = "check the id of the route table";
constexpr std::string_view kRouteBlock =
    "check the pod CIDR: not equal to nor inside a vSwitch's block, not inside 100.64.0.0/10";
constexpr std::string_view kNextHop = "the instance must exist in this VPC";
constexpr std::string_view kForeignRoute =
    "another route entry has this block: remove it, or give this node another pod CIDR";
constexpr std::string_view kMembers = "detach the member ENIs first";
constexpr std::string_view kStuck =
    "if this lasts, look at the ENI in the console; a guest that does not answer the unplug keeps "
    "it detaching until the instance is restarted";

// A family stands for those of its members that have no row.
constexpr Row kGateway[] = {
    {kNotSent, {kRetry, kLater, kTryAgain, kUnreachable}},
    {kNoAnswer, {kRetry, kReadState, kTryAgain, ""}},
    {kGarbage, {kRetry, kReadState, kTryAgain, kNotOpenApi}},
    {"Throttling", {kThrottled, kLater, kTryAgain, kSlower}},
    {"Rejected.Throttling", {kThrottled, kLater, kTryAgain, kSlower}},
    {"ServiceUnavailable", {kRetry, kReadState, kTryAgain, ""}},
    {"InternalError", {kRetry, kReadState, kTryAgain, ""}},
    {"UnknownError", {kRetry, kReadState, kTryAgain, ""}},
    {"SystemBusy", {kRetry, kReadState, kTryAgain, ""}},
    {"OperationFailed", {kRetry, kReadState, kTryAgain, ""}},
    {"VPC.ERROR", {kRetry, kReadState, kTryAgain, ""}},
    {"SignatureNonceUsed", {kRetry, kReadState, kTryAgain, ""}},
    {"OperationConflict", {kState, kReadState, kTryAgain, ""}},
    {"Operation.Conflict", {kState, kReadState, kTryAgain, ""}},
    {"LastTokenProcessing", {kState, kLater, kTryAgain, ""}},
    {"IdempotentParameterMismatch", {kPermanent, kNewToken, kInternal, ""}},
    {"InvalidIdempotenceParameter.Mismatch", {kPermanent, kNewToken, kInternal, ""}},
    {"IdempotentFailed", {kPermanent, kNewToken, kTryAgain, ""}},
    {"DryRunOperation", {kPermanent, kWouldSucceed, kInternal, ""}},
    {"IllegalTimestamp", {kPermanent, kSlowly, kInternal, kClock}},
    {"InvalidTimeStamp", {kPermanent, kSlowly, kInternal, kClock}},
    {"IncompleteSignature", {kCredential, kSlowly, kInternal, kSecret}},
    {"SignatureDoesNotMatch", {kCredential, kSlowly, kInternal, kSecret}},
    {"InvalidAccessKeyId", {kCredential, kSlowly, kInternal, kKey}},
    {"Forbidden.AccessKeyDisabled", {kCredential, kSlowly, kInternal, kKey}},
    {"InvalidSecurityToken", {kCredential, kSlowly, kInternal, kToken}},
    {"MissingSecurityToken", {kCredential, kSlowly, kInternal, kToken}},
    {"AuthenticationFail", {kCredential, kSlowly, kInternal, kToken}},
    {"Forbidden", {kPermanent, kSlowly, kInternal, kRights}},
    {"Forbedden", {kPermanent, kSlowly, kInternal, kRights}},  // as the IPv6 calls spell it
    {"Forbbiden", {kPermanent, kSlowly, kInternal, kRights}},
    {"NoPermission", {kPermanent, kSlowly, kInternal, kRights}},
    {"EntityNotExist.Role", {kPermanent, kSlowly, kBadConfig, "check the name of the RAM role"}},
    {"InvalidAccount", {kPermanent, kSlowly, kInternal, kAccount}},
    {"Abs.InvalidAccount", {kPermanent, kSlowly, kInternal, kAccount}},
    {"InvalidUserType", {kPermanent, kSlowly, kInternal, kAccount}},
    {"InsufficientBalance", {kPermanent, kSlowly, kInternal, kAccount}},
    {"RealNameAuthenticationError", {kPermanent, kSlowly, kInternal, kAccount}},
    {"Forbidden.RegionId", {kPermanent, kSlowly, kBadConfig, kRegion}},
    {"InvalidRegionId", {kPermanent, kSlowly, kBadConfig, kRegion}},
    {"MissingParameter", {kPermanent, kSlowly, kInternal, kOurRequest}},
    {"InvalidParameter", {kPermanent, kSlowly, kInternal, kOurRequest}},
    {"UnsupportedParameter", {kPermanent, kSlowly, kUnsupported, kOurRequest}},
    {"InvalidAction", {kPermanent, kSlowly, kUnsupported, kNotOpenApi}},
    {"InvalidVersion", {kPermanent, kSlowly, kUnsupported, kNotOpenApi}},
    {"UnsupportedHTTPMethod", {kPermanent, kSlowly, kUnsupported, kNotOpenApi}},
};

constexpr Row kEni[] = {
    {"InvalidEniId.NotFound", kAbsent},
    {"InvalidEcsId.NotFound", kAbsent},
    {"InvalidInstanceId.NotFound", kAbsent},
    {"InvalidParameter.EniNotBelongEcs", kAbsent},
    {"InvalidIp.IpUnassigned", kAbsent},
    {"InvalidOperation.InvalidEniState", {kState, kReadState, kTryAgain, kStuck}},
    {"InvalidOperation.InvalidEcsState", {kState, kReadState, kTryAgain, ""}},
    {"IncorrectVSwitchStatus", {kState, kReadState, kTryAgain, ""}},
    {"InvalidOperation.EniLinked", {kState, kReadState, kTryAgain, kMembers}},
    {"InvalidOperation.HasMemberEniAttached", {kState, kReadState, kTryAgain, kMembers}},
    {"HasSlaveEniBonded", {kState, kReadState, kTryAgain, kMembers}},
    {"InvalidOperation", {kPermanent, kSlowly, kInternal, ""}},
    {"EniPerInstanceLimitExceeded", {kQuota, kResync, kTryAgain, kTypeLimit}},
    {"MaxEniCountExceeded", {kQuota, kSlowly, kTryAgain, kEniQuota}},
    {"InvalidVSwitchId.IpNotEnough", {kQuota, kOtherVSwitch, kTryAgain, kMoreAddresses}},
    {"QuotaExceeded.PrivateIpAddress", {kQuota, kOtherVSwitch, kTryAgain, kMoreAddresses}},
    {"InvalidOperation.Ipv4CountExceeded", {kQuota, kResync, kTryAgain, kTypeLimit}},
    {"MaxEniPrivateIpsCountExceeded", {kQuota, kResync, kTryAgain, kTypeLimit}},
    {"InvalidOperation.Ipv6CountExceeded", {kQuota, kResync, kTryAgain, kTypeLimit}},
    {"MaxEniIpv6IpsCountExceeded", {kQuota, kResync, kTryAgain, kTypeLimit}},
    {"InvalidOperation.Ipv6NotSupport", {kPermanent, kSlowly, kUnsupported, kIpv6Off}},
    {"InvalidVSwitch.Ipv6NotTurnOn", {kPermanent, kOtherVSwitch, kBadConfig, kIpv6Off}},
    {"SecurityGroupInstanceLimitExceed", {kQuota, kOtherSecurityGroup, kTryAgain, kGroupFull}},
    {"JoinedGroupLimitExceed", {kQuota, kOtherSecurityGroup, kTryAgain, kGroupFull}},
    {"InvalidVSwitchId.NotFound", {kPermanent, kOtherVSwitch, kBadConfig, kVSwitch}},
    {"InvalidVSwitchId.IpInvalid", {kPermanent, kOtherAddress, kBadConfig, kPrefixBlock}},
    {"InvalidIp.IpAssigned", {kPermanent, kOtherAddress, kExists, ""}},
    {"InvalidPrivateIpAddress.Duplicated", {kPermanent, kOtherAddress, kExists, ""}},
    {"InvalidIp", {kPermanent, kOtherAddress, kBadConfig, kPrefixBlock}},
    {"InvalidSecurityGroupId", {kPermanent, kSlowly, kBadConfig, kGroup}},
    {"InvalidOperation.VpcMismatch", {kPermanent, kSlowly, kBadConfig, kPlace}},
    {"InvalidOperation.AvailabilityZoneMismatch", {kPermanent, kSlowly, kBadConfig, kPlace}},
    {"InvalidOperation.EniHotPlugNotSupported", {kPermanent, kSlowly, kUnsupported, kHotPlug}},
    {"InvalidOperation.HotPlugNotSupport", {kPermanent, kSlowly, kUnsupported, kHotPlug}},
    {"InvalidOperation.EniServiceManaged", {kPermanent, kSlowly, kInternal, kManaged}},
    {"InvalidOperation.ResourceManagedByCloudProduct", {kPermanent, kSlowly, kInternal, kManaged}},
    {"QuotaExceed.Tags", {kPermanent, kSlowly, kBadConfig, kTags}},
    {"Duplicate.TagKey", {kPermanent, kSlowly, kBadConfig, kTags}},
    {"InvalidTagKey", {kPermanent, kSlowly, kBadConfig, kTags}},
    {"InvalidTagValue", {kPermanent, kSlowly, kBadConfig, kTags}},
    {"InvalidResourceGroup", {kPermanent, kSlowly, kBadConfig, "check the resource group's id"}},
};

constexpr Row kRoutes[] = {
    {"InvalidCIDRBlock.Duplicate", {kPermanent, kAdoptOrReplace, kExists, kForeignRoute}},
    {"InvalidRouteEntry.Duplicate", {kPermanent, kAdoptOrReplace, kExists, kForeignRoute}},
    {"RouterEntryConflict.Duplicated", {kPermanent, kAdoptOrReplace, kExists, kForeignRoute}},
    {"RouteConflict.AlreadyExist", {kPermanent, kAdoptOrReplace, kExists, kForeignRoute}},
    {"Duplicated.VpcNextHop", {kPermanent, kAdoptOrReplace, kExists, kForeignRoute}},
    {"VPC_ROUTE_ENTRY_CIDR_BLOCK_DUPLICATE", {kPermanent, kAdoptOrReplace, kExists, kForeignRoute}},
    {"TaskConflict", {kState, kReadState, kTryAgain, ""}},
    {"OperationFailed.DistibuteLock", {kState, kReadState, kTryAgain, ""}},
    {"OperationFailed.DistributeLock", {kState, kReadState, kTryAgain, ""}},
    {"IncorrectRouteEntryStatus", {kState, kReadState, kTryAgain, ""}},
    {"IncorrcetRouteEntryStatus", {kState, kReadState, kTryAgain, ""}},
    {"VPC_ROUTE_ENTRY_STATUS_ERROR", {kState, kReadState, kTryAgain, ""}},
    {"IncorrectVpcStatus", {kState, kReadState, kTryAgain, ""}},
    {"IncorrectInstanceStatus", {kState, kReadState, kTryAgain, ""}},
    {"IncorrectStatus", {kState, kReadState, kTryAgain, ""}},
    {"QuotaExceeded", {kQuota, kSlowly, kTryAgain, kRouteQuota}},
    {"InvalidRouteEntry.NotFound", kAbsent},
    {"VPC_ROUTER_ENTRY_NOT_EXIST", kAbsent},
    {"InvalidCidrBlock", {kPermanent, kSlowly, kBadConfig, kRouteBlock}},
    {"IllegalParam.CidrBlock", {kPermanent, kSlowly, kBadConfig, kRouteBlock}},
    {"InvalidDestinationCidrBlock", {kPermanent, kSlowly, kBadConfig, kRouteBlock}},
    {"InvalidNextHop", {kPermanent, kSlowly, kBadConfig, kNextHop}},
    {"InvalidNexthop", {kPermanent, kSlowly, kBadConfig, kNextHop}},
    {"InvalidNextHopId", {kPermanent, kSlowly, kBadConfig, kNextHop}},
    {"IllegalParam.NextHopId", {kPermanent, kSlowly, kBadConfig, kNextHop}},
    {"OperationFailed.InstanceDismatchCurrentVpc", {kPermanent, kSlowly, kBadConfig, kNextHop}},
    {"InvalidVRouter", {kPermanent, kSlowly, kBadConfig, kRouteTable}},
    {"InvalidRouteTableId", {kPermanent, kSlowly, kBadConfig, kRouteTable}},
    {"InvalidRouteTable", {kPermanent, kSlowly, kBadConfig, kRouteTable}},
    {"OperationDenied",
     {kPermanent, kSlowly, kInternal, "system route entries belong to the VPC; leave them alone"}},
    {"IllegalParam.NextToken", {kPermanent, kRestartListing, kTryAgain, ""}},
    {"IllegalParam.NextTokenExpired", {kPermanent, kRestartListing, kTryAgain, ""}},
    {"IllegalParam", {kPermanent, kSlowly, kInternal, kOurRequest}},
    {"Forbidden.VpcNotFound", {kPermanent, kSlowly, kBadConfig, "check the id of the VPC"}},
    {"InvalidVpcIdNumber", {kPermanent, kSlowly, kInternal, kOurRequest}},
    {"InvalidVSwitchIdNumber", {kPermanent, kSlowly, kInternal, kOurRequest}},
};

template <std::size_t Count>
const Row* longest(const Row (&rows)[Count], std::string_view code, const Row* best) {
  for (const Row& row : rows) {
    if (is_of_family(code, row.code) && (best == nullptr || row.code.size() > best->code.size())) {
      best = &row;
    }
  }
  return best;
}

}  // namespace

const Verdict* find_verdict(std::string_view code) {
  const Row* best = longest(kGateway, code, nullptr);
  best = longest(kEni, code, best);
  best = longest(kRoutes, code, best);
  return best == nullptr ? nullptr : &best->verdict;
}

}  // namespace catena::cloud
