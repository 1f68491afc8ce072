"""Which real fault makes which alert fire, and who is told."""

from tests.drill.faults import attacks, certificates, resources, servers, work
from tests.drill.model import Drill, Expected, Hushed, hushed, pages, planned, told, warns

BURNS = (
    Expected("ErrorBudgetBurn", "pager", "critical", "window-1h", "over 5m and 1h"),
    Expected("ErrorBudgetBurn", "pager", "critical", "window-6h", "over 30m and 6h"),
    Expected("ErrorBudgetBurn", "team", "warning", "window-1d", "over 2h and 1d"),
    Expected("ErrorBudgetBurn", "team", "warning", "window-3d", "over 6h and 3d"),
)
WORK_WAITS = ("OutboxStuck", "ExamSweeperLate", "GradingLate")
SLOW_FIRE, SLOW_RESOLVE = 300.0, 500.0  # predictions: over an hour's growth, and until the growth has become history

# Beside all others, from the beginning to its end: it takes three hours without a check, divided.
BESIDE = (
    Drill(
        work.consistency_check_switched_off, warns("ConsistencyUnchecked"), fire_seconds=760.0, resolve_seconds=300.0
    ),
)
# Drills of one wave run together: none causes or hides what another one expects. The predictions and the long windows
# come first, on a young store, before others' peaks are in their windows; maintenance comes last, as it hides warnings.
WAVES = (
    (
        # The warnings are told once the pages have ended, which the leaking pool's own errors may put off.
        Drill(servers.a_dozen_lessons_lost, BURNS, brief=True, fire_seconds=SLOW_RESOLVE, resolve_seconds=SLOW_RESOLVE),
        Drill(
            resources.disk_filling,
            (*warns("HostDiskFilling"), *planned("DiskFullSoon")),
            root=True,
            fire_seconds=SLOW_FIRE,
            resolve_seconds=SLOW_RESOLVE,
        ),
        Drill(
            resources.connections_leaking,
            planned("PostgresConnectionsExhaustedSoon"),
            fire_seconds=SLOW_FIRE,
            resolve_seconds=SLOW_RESOLVE,
        ),
        Drill(
            work.worker_frozen_with_work_to_do,
            (
                *warns("QueueBacklog", "CeleryWorkerDown", *WORK_WAITS),
                *planned("QueueGrows"),
            ),
            fire_seconds=SLOW_FIRE,
            resolve_seconds=SLOW_RESOLVE,
        ),
        Drill(
            resources.pool_leaking,
            planned("DatabasePoolExhaustedSoon"),
            # Whose target is down, of its trend nobody hears; nor of what else its metrics tell.
            then=servers.metrics_of_web_frozen,
            after=WORK_WAITS,
            hushed=(Hushed("DatabasePoolExhaustedSoon", "planning, log", "info", "capacity"),),
            fire_seconds=SLOW_FIRE,
            resolve_seconds=SLOW_RESOLVE,
        ),
    ),
    (
        Drill(
            attacks.wrong_passwords_from_one_source,
            (
                *pages("FailedLoginsFromOneSource"),
                *warns("LoginsFail", "RateLimitViolations"),
            ),
        ),
        Drill(attacks.forged_sessions, warns("SecurityEventsHigh")),
        Drill(attacks.addresses_guessed, warns("SuspiciousActivity")),
        Drill(resources.log_file_at_its_limit, warns("LogLinesLost")),
        Drill(work.tasks_stamped_with_nonsense, warns("TelemetryFails")),
        Drill(work.tasks_called_wrongly, warns("CeleryTaskFailures")),
        Drill(work.task_of_the_day_run, told("TaskOfTheDayDone")),
    ),
    (
        Drill(work.certificates_without_a_place, warns("CertificatesFail")),
        Drill(certificates.certificate_ends_soon, warns("CertificateEndsSoon")),
        Drill(work.mails_without_a_place, warns("OutboxGivenUp"), fire_seconds=240.0),
        Drill(servers.one_page_without_its_table, warns("ApiErrorRateHigh", "PagesFail")),
        Drill(resources.connections_left_open, warns("PostgresConnectionsHigh")),
        Drill(resources.memory_held, warns("HostMemoryHigh"), fire_seconds=240.0),
        Drill(resources.redis_filled, warns("RedisMemoryHigh")),
    ),
    (
        Drill(servers.redis_away, pages("HealthCheckFailing", "RedisUnreachable"), short=True),
        Drill(certificates.certificate_expired, pages("ServiceUnavailable")),
        Drill(attacks.addresses_guessed_without_redis, warns("SecurityRecordsLost")),
        Drill(servers.host_exporter_killed, warns("TargetDown")),
        Drill(servers.scheduler_forgotten_in_the_targets, warns("TargetAbsent")),
    ),
    (
        Drill(servers.worker_killed, warns("CeleryWorkerDown", "TargetDown"), short=True),
        Drill(servers.database_exporter_killed, pages("TargetDown")),
    ),
    (
        Drill(resources.worker_in_too_small_a_group, warns("ProcessCpuHigh", "ProcessMemoryHigh"), root=True),
        Drill(servers.web_server_forgotten_in_the_targets, pages("TargetAbsent")),
    ),
    (
        Drill(
            servers.database_away, pages("DatabaseUnreachable", "ApiErrorRateHigh"), hushed=hushed("ApiErrorRateHigh")
        ),
    ),
    (
        Drill(servers.database_slow, pages("ApiSlow")),
        Drill(servers.scheduler_blocked, warns("BeatLate")),
    ),
    (Drill(servers.pool_held_full, pages("DatabasePoolSaturated")),),
    (
        Drill(servers.pool_held_nearly_full, warns("DatabasePoolSaturated")),
        Drill(servers.worker_restarted, told("ProcessRestarted")),
    ),
    (
        Drill(servers.web_killed, pages("ServiceUnavailable", "TargetDown"), together=pages("ServiceUnavailable")),
        Drill(resources.cpu_burnt, warns("HostCpuHigh")),
    ),
)
LAST = (
    (Drill(work.progress_changed_by_hand, warns("ConsistencyDrift")),),
    (Drill(servers.backup_disk_lost, warns("BackupTooOld")),),
    (
        Drill(
            servers.maintenance_under_way,
            told("ScheduledMaintenance"),
            then=certificates.certificate_expired_and_exporter_killed,
            hushed=(*hushed("TargetDown"), *hushed("TargetDown", by="silenced")),
            despite=pages("ServiceUnavailable"),
        ),
    ),
)
DRILLS = (*BESIDE, *(drill for wave in (*WAVES, *LAST) for drill in wave))
