"""The root user, the password policy, and what users sign in with."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from checks.check import Answer, NotApplicable, Unknown, check
from evidence_store.records import Resource

_KEYS = (1, 2)  # as many as a user may have
_ROOT_KEYS = ("AccountAccessKeysPresent",)
_STATE = ("user_creation_time", "password_enabled", "access_key_1_active", "access_key_2_active")
_SET = ("access_key_1_last_rotated", "access_key_2_last_rotated")
_USED = ("password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date")


def unreported(user: Resource) -> Unknown | None:
    """The answer about a user who is not in the credential report, made after it."""
    if user.fact("password_enabled") is None:
        return Unknown(f"{user.name} is not in the credential report: it was generated before the user was made")
    return None


def active_keys(user: Resource) -> Iterator[int]:
    """The numbers of the user's active access keys."""
    return (number for number in _KEYS if user.fact(f"access_key_{number}_active"))


@check(
    on="aws.account",
    severity="critical",
    version=1,
    needs=("AccountMFAEnabled", "AccountPasswordPresent", *_ROOT_KEYS, "AccountSigningCertificatesPresent"),
    fix="Register a passkey or hardware MFA device for the root user, or delete its credentials through central root access.",
)
def aws_iam_root_mfa(account: Resource) -> Answer:
    """The root user has MFA, or nothing to sign in with.

    The root user can do everything in the account and no policy of the account holds it back; a password alone must not
    be enough to become it. A member account whose root credentials were deleted needs no MFA. In AWS GovCloud the root
    user has no console password, so there only its keys count.
    """
    if account.fact("AccountMFAEnabled"):
        return None
    govcloud = account.uid.startswith("arn:aws-us-gov:")
    held = [
        words
        for words, present in (
            ("a password", not govcloud and account.fact("AccountPasswordPresent") != 0),
            ("access keys", account.fact("AccountAccessKeysPresent") != 0),
            ("signing certificates", bool(account.fact("AccountSigningCertificatesPresent"))),
        )
        if present
    ]
    return f"the root user of {account.uid.split(':')[4]} has {' and '.join(held)} and no MFA" if held else None


@check(
    on="aws.account",
    severity="critical",
    version=1,
    needs=_ROOT_KEYS,
    fix="Sign in as root and delete its access keys; give whatever used them a role of its own.",
)
def aws_iam_root_no_access_key(account: Resource) -> Answer:
    """The root user has no access key.

    A root key is a password for everything that works from anywhere, without MFA, and cannot be limited.
    """
    if account.fact("AccountAccessKeysPresent"):
        return f"the root user of {account.uid.split(':')[4]} has an access key"
    return None


@check(
    on="aws.account",
    severity="high",
    version=1,
    needs=("user_creation_time", *_USED),
    fix="Find out who used root and why, record the case, and give the task to a role; add the day to `recorded_days`.",
)
def aws_iam_root_recent_use(
    account: Resource, *, at: datetime, window_days: int = 90, recorded_days: tuple[str, ...] = ()
) -> Answer:
    """The root user was not used in the review window, except in recorded emergencies.

    Root belongs in the safe: each use is either one of the few tasks that nothing else can do, and then it is recorded,
    or a sign that somebody works around the roles. The report tells the last use of each credential, so regular runs see
    each use.

    `window_days`: how many days back a use counts
    `recorded_days`: days (2026-03-01, UTC) on which a recorded case used root
    """
    name = f"the root user of {account.uid.split(':')[4]}"
    if account.fact("user_creation_time") is None:
        return Unknown(f"{name} is not in the credential report")
    used = [moment for fact in _USED if (moment := account.time(fact)) is not None]
    recent = sorted(moment for moment in used if moment > at - timedelta(days=window_days))
    unrecorded = [moment for moment in recent if moment.date().isoformat() not in recorded_days]
    if unrecorded:
        return f"{name} was used on {unrecorded[-1].date()}, which is no recorded case"
    return None


@check(
    on="aws.account",
    severity="medium",
    version=1,
    needs=("MinimumPasswordLength",),
    fix="Set the minimum length in the account's password policy: `aws iam update-account-password-policy`.",
)
def aws_iam_password_min_length(account: Resource, *, min_length: int = 14) -> Answer:
    """The account's password policy asks for long passwords.

    Length is what resists guessing. Without a policy of its own the account takes the provider's eight characters.

    `min_length`: the shortest length that the policy may allow, as your password rule lays down
    """
    name, length = account.uid.split(":")[4], account.fact("MinimumPasswordLength")
    if length is None:
        return f"{name} has no password policy of its own, so passwords of 8 characters are allowed"
    return f"the password policy of {name} asks for {length} characters, not {min_length}" if length < min_length else None


@check(
    on="aws.account",
    severity="low",
    version=1,
    needs=("PasswordReusePrevention",),
    fix="Set `--password-reuse-prevention` in the account's password policy.",
)
def aws_iam_password_reuse(account: Resource, *, remembered: int = 24) -> Answer:
    """The account's password policy blocks recent passwords.

    A password that leaked once stays in lists for years; going back to it undoes the change.

    `remembered`: how many former passwords must be refused
    """
    name, kept = account.uid.split(":")[4], account.fact("PasswordReusePrevention")
    if not kept:
        return f"the password policy of {name} lets former passwords be used again"
    return f"the password policy of {name} refuses {kept} former passwords, not {remembered}" if kept < remembered else None


@check(
    on="aws.iam.user",
    severity="critical",
    version=1,
    needs=("password_enabled", "mfa_active"),
    fix="Have the user register an MFA device, or remove the password; deny everything without MFA until then.",
)
def aws_iam_user_console_mfa(user: Resource) -> Answer:
    """Every user with a console password has MFA.

    Passwords are phished and reused; a second factor keeps the stolen one from being enough.
    """
    if (missing := unreported(user)) is not None:
        return missing
    if not user.fact("password_enabled"):
        return NotApplicable(f"{user.name} has no console password")
    return None if user.fact("mfa_active") else f"{user.name} signs in to the console with a password and no MFA"


@check(
    on="aws.iam.user",
    severity="medium",
    version=1,
    needs=("password_enabled",),
    fix="Move the person to single sign-on and delete the user's login profile; list real break-glass users in the config.",
)
def aws_iam_human_users_federated(user: Resource, *, break_glass: tuple[str, ...] = ()) -> Answer:
    """People sign in through federation, not as IAM users.

    Whoever leaves is locked out in one place only if there is one place. A console password of an IAM user lives on.

    `break_glass`: names of the IAM users that are kept for emergencies
    """
    if (missing := unreported(user)) is not None:
        return missing
    if user.fact("password_enabled") and user.name not in break_glass:
        return f"{user.name} has a console password of its own and is not a listed break-glass user"
    return None


@check(
    on="aws.iam.user",
    severity="medium",
    version=1,
    needs=("password_enabled", "access_key_1_active", "access_key_2_active", *_SET),
    fix="Make a second key, move its users over, then deactivate and delete the old one; better, use a role.",
)
def aws_iam_access_key_age(user: Resource, *, at: datetime, max_age_days: int = 90) -> Answer:
    """Active access keys are younger than the rotation limit.

    A key is a password that never expires; its age is how long a copy that nobody noticed has worked.

    `max_age_days`: how old an active key may be, in days
    """
    if (missing := unreported(user)) is not None:
        return missing
    for number in active_keys(user):
        made = user.time(f"access_key_{number}_last_rotated")
        if made is None:
            return Unknown(f"{user.name}'s access key {number} is active and has no date")
        if made < at - timedelta(days=max_age_days):
            return f"{user.name}'s access key {number} is of {made.date()}; the limit is {max_age_days} days"
    return None


@check(
    on="aws.iam.user",
    severity="medium",
    version=1,
    needs=("password_enabled", "access_key_1_active", "access_key_2_active", *_SET, *_USED[1:]),
    fix="Deactivate the key, wait for complaints, then delete it.",
)
def aws_iam_access_key_unused(user: Resource, *, at: datetime, max_idle_days: int = 45) -> Answer:
    """Active access keys were used within the idle limit.

    A key that nobody uses is missed by nobody when it leaks. A new key counts from the day it was made.

    `max_idle_days`: how long an active key may go unused, in days
    """
    if (missing := unreported(user)) is not None:
        return missing
    for number in active_keys(user):
        used, made = user.time(f"access_key_{number}_last_used_date"), user.time(f"access_key_{number}_last_rotated")
        last = used or made
        if last is None:
            return Unknown(f"{user.name}'s access key {number} is active and has no date")
        if last < at - timedelta(days=max_idle_days):
            what = f"was last used on {last.date()}" if used else f"was made on {last.date()} and never used"
            return f"{user.name}'s access key {number} {what}; the limit is {max_idle_days} days"
    return None


@check(
    on="aws.iam.user",
    severity="medium",
    version=1,
    needs=(*_STATE, "password_last_changed", *_SET, *_USED, "cert_1_active", "cert_2_active"),
    fix="Deactivate the user's keys and certificates and delete the login profile; delete the user after a while.",
)
def aws_iam_user_inactive(user: Resource, *, at: datetime, max_idle_days: int = 45) -> Answer:
    """IAM users who are idle beyond the limit are disabled.

    An account that nobody uses is the one that nobody watches. A user is disabled when no password, key or certificate of
    its own works; a new password or key counts as a sign of use.

    `max_idle_days`: how long a user with working credentials may be idle, in days
    """
    if (missing := unreported(user)) is not None:
        return missing
    working = user.fact("password_enabled") or user.fact("cert_1_active") or user.fact("cert_2_active")
    if not working and not any(active_keys(user)):
        return None
    signs = ("user_creation_time", "password_last_changed", *_SET, *_USED)
    last = max((moment for fact in signs if (moment := user.time(fact)) is not None), default=None)
    if last is None:
        return Unknown(f"{user.name} has working credentials and no date of any use")
    if last < at - timedelta(days=max_idle_days):
        return f"{user.name} has working credentials and no use since {last.date()}; the limit is {max_idle_days} days"
    return None
