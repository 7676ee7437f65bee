"""Second factors, invitations, pairing of devices, the audit record, evidence of destruction, wordings"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


CHECKS = (
    ("city_setup", "one_city", "id = 1"),
    ("account", "oidc_both_or_none", "(oidc_issuer IS NULL) = (oidc_subject IS NULL)"),
    ("office", "retention_sensible", "retention_days BETWEEN 1 AND 1095"),
)


def upgrade() -> None:
    op.create_table(
        "audit_record",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("office_id", sa.Integer(), nullable=True),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("before", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_record")),
    )
    op.create_index("ix_audit_record_act", "audit_record", ["act", "id"], unique=False)
    op.create_index("ix_audit_record_actor", "audit_record", ["actor_id", "id"], unique=False)
    op.create_index("ix_audit_record_at", "audit_record", ["at"], unique=False)
    op.create_index("ix_audit_record_office", "audit_record", ["office_id", "id"], unique=False)
    op.create_table(
        "sign_in_failure",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_failure")),
        prefixes=["UNLOGGED"],
    )
    op.create_table(
        "destruction",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=True),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.CheckConstraint("reason IN ('retention', 'citizen', 'administrator')", name=op.f("ck_destruction_reason_known")),
        sa.CheckConstraint("count > 0", name=op.f("ck_destruction_something_was_destroyed")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_destruction_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_destruction")),
    )
    op.create_index("ix_destruction_office", "destruction", ["office_id", "id"], unique=False)
    op.create_table(
        "city_setup",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_city_setup")),
    )
    op.create_table(
        "wording",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("sentence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_wording_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wording")),
        sa.UniqueConstraint("office_id", "code", name=op.f("uq_wording_office_id_code"), postgresql_nulls_not_distinct=True),
    )
    op.create_table(
        "invitation",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('invitation', 'reset')", name=op.f("ck_invitation_kind_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_invitation_account_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_invitation")),
    )
    op.create_index("ix_invitation_account", "invitation", ["account_id"], unique=False)
    op.create_table(
        "recovery_code",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id")),
        sa.PrimaryKeyConstraint("account_id", "code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "device_pairing",
        sa.Column("claim_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("version", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=True),
        sa.Column("paired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token_sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("code ~ '^[0-9]{6}$'", name=op.f("ck_device_pairing_code_is_six_digits")),
        sa.CheckConstraint("kind IN ('kiosk', 'display')", name=op.f("ck_device_pairing_kind_known")),
        sa.CheckConstraint("(device_id IS NULL) = (paired_at IS NULL)", name=op.f("ck_device_pairing_paired_with_a_device")),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_device_pairing_device_id")),
        sa.PrimaryKeyConstraint("claim_hash", name=op.f("pk_device_pairing")),
    )
    op.create_index("ix_device_pairing_expires", "device_pairing", ["expires_at"], unique=False)
    op.create_index("uq_device_pairing_code", "device_pairing", ["code"], unique=True, postgresql_where=sa.text("device_id IS NULL"))
    op.add_column("account", sa.Column("must_change_password", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("account", sa.Column("totp_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("account", sa.Column("totp_step", sa.BigInteger(), nullable=True))
    op.add_column("account", sa.Column("oidc_issuer", sa.String(), nullable=True))
    op.add_column("account", sa.Column("oidc_subject", sa.String(), nullable=True))
    op.alter_column("account", "password_hash", existing_type=sa.VARCHAR(), nullable=True)
    op.create_unique_constraint("uq_account_oidc", "account", ["oidc_issuer", "oidc_subject"])
    op.add_column("appointment", sa.Column("displaced_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("appointment", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_appointment_kept", "appointment", ["starts_at"], unique=False, postgresql_where=sa.text("name_sealed IS NOT NULL"))
    op.add_column("device", sa.Column("token_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("device", sa.Column("next_token_hash", sa.LargeBinary(), nullable=True))
    op.add_column("device", sa.Column("old_token_hash", sa.LargeBinary(), nullable=True))
    op.add_column("device", sa.Column("replayed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("device", sa.Column("paired_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("device", sa.Column("version", sa.String(), nullable=True))
    op.create_unique_constraint(op.f("uq_device_next_token_hash"), "device", ["next_token_hash"])
    op.create_unique_constraint(op.f("uq_device_old_token_hash"), "device", ["old_token_hash"])
    op.add_column("office", sa.Column("active", sa.Boolean(), server_default="true", nullable=False))
    op.add_column("office", sa.Column("retention_days", sa.Integer(), server_default="30", nullable=False))
    op.add_column("staff_session", sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False))
    op.add_column("staff_session", sa.Column("address", sa.String(), nullable=True))
    op.add_column("staff_session", sa.Column("agent", sa.String(), nullable=True))
    op.add_column("staff_session", sa.Column("via", sa.String(), server_default="password", nullable=False))
    op.create_unique_constraint(op.f("uq_staff_session_id"), "staff_session", ["id"])
    for table, name, rule in CHECKS:
        op.create_check_constraint(name, table, rule)
