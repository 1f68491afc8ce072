"""Assignments, and one view over all that waits for a person's grade."""

import django.db.models.deletion
import django.utils.timezone
import quizzes.models.assignment
import uuid
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models

VIEW = """
CREATE VIEW quizzes_queue AS
SELECT 'answer:' || lpad(answer.id::text, 19, '0') AS item, enrollment.course_id, attempt.enrollment_id,
       answer.id AS answer_id, NULL::bigint AS submission_id, attempt.closed_at AS waiting_since, answer.claimed_until
FROM quizzes_answer answer
JOIN quizzes_attempt attempt ON attempt.id = answer.attempt_id
JOIN courses_enrollment enrollment ON enrollment.id = attempt.enrollment_id
WHERE answer.needs_person AND answer.points IS NULL AND attempt.state = 'grading'
UNION ALL
SELECT 'submission:' || lpad(submission.id::text, 19, '0'), enrollment.course_id, submission.enrollment_id,
       NULL, submission.id, submission.submitted_at, submission.claimed_until
FROM quizzes_submission submission
JOIN courses_enrollment enrollment ON enrollment.id = submission.enrollment_id
WHERE submission.state = 'waiting'
"""


class Migration(migrations.Migration):

    dependencies = [
        ('courses', '0003_imported_policies'),
        ('quizzes', '0003_erasing'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='QueueItem',
            fields=[
                ('item', models.CharField(max_length=30, primary_key=True, serialize=False)),
                ('waiting_since', models.DateTimeField()),
                ('claimed_until', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'quizzes_queue',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='Assignment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('instructions', models.TextField(blank=True, help_text='HTML; made safe when stored.')),
                ('accepts', models.CharField(choices=[('text', 'Text'), ('files', 'Files'), ('text_and_files', 'Text and files')], default='text_and_files', max_length=20)),
                ('max_files', models.PositiveSmallIntegerField(default=5)),
                ('max_file_bytes', models.PositiveBigIntegerField(default=10000000, help_text='Of each file.')),
                ('endings', models.JSONField(default=quizzes.models.assignment.default_endings, help_text='Names that files may end in, with the dot.')),
                ('max_points', models.DecimalField(decimal_places=4, default=Decimal('100'), max_digits=9)),
                ('pass_mark', models.DecimalField(decimal_places=2, default=Decimal('50'), help_text='Percent.', max_digits=5)),
                ('rubric', models.JSONField(blank=True, default=list, help_text='[{"id": …, "text": …, "points": "2"}]')),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('late_policy', models.CharField(choices=[('refuse', 'Refuse'), ('accept', 'Accept, with a penalty for each day')], default='refuse', max_length=20)),
                ('late_penalty_percent', models.DecimalField(decimal_places=2, default=Decimal('10'), help_text='Of the points, for each day begun.', max_digits=5)),
                ('late_floor_percent', models.DecimalField(decimal_places=2, default=Decimal('0'), help_text='Of the points; no penalty goes below.', max_digits=5)),
                ('max_versions', models.PositiveSmallIntegerField(blank=True, help_text='Empty: any number.', null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('lesson', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='assignment', to='courses.lesson')),
            ],
        ),
        migrations.CreateModel(
            name='Submission',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('number', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('waiting', 'Waiting for a grade'), ('superseded', 'Superseded by a newer version'), ('graded', 'Graded')], default='waiting', max_length=20)),
                ('text', models.TextField(blank=True)),
                ('submitted_at', models.DateTimeField()),
                ('days_late', models.PositiveIntegerField(default=0, help_text='Days begun after the due date.')),
                ('share_kept', models.DecimalField(decimal_places=4, default=Decimal('1'), help_text='What being late left of the points, 0..1.', max_digits=5)),
                ('points', models.DecimalField(blank=True, decimal_places=4, help_text='As given, before the penalty.', max_digits=9, null=True)),
                ('percent', models.DecimalField(blank=True, decimal_places=2, help_text='After the penalty.', max_digits=5, null=True)),
                ('passed', models.BooleanField(blank=True, null=True)),
                ('graded_at', models.DateTimeField(blank=True, null=True)),
                ('comment', models.TextField(blank=True)),
                ('rubric', models.JSONField(blank=True, default=dict, help_text='Points by rubric entry.')),
                ('claimed_until', models.DateTimeField(blank=True, null=True)),
                ('assignment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='submissions', to='quizzes.assignment')),
                ('claimed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('enrollment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='submissions', to='courses.enrollment')),
                ('graded_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-submitted_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='SubmissionFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=255)),
                ('content', models.FileField(max_length=255, upload_to=quizzes.models.assignment._storage_name)),
                ('content_type', models.CharField(blank=True, help_text="As its content shows; empty: not its name's.", max_length=100)),
                ('size', models.PositiveBigIntegerField(help_text='Bytes.')),
                ('sha256', models.CharField(max_length=64)),
                ('quarantined', models.BooleanField(default=False)),
                ('submission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='quizzes.submission')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('pass_mark__range', (0, 100)), ('late_penalty_percent__range', (0, 100)), ('late_floor_percent__range', (0, 100))), name='quizzes_assignment_percents'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('max_points__gt', 0)), name='quizzes_assignment_points_positive'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('max_versions__isnull', True), ('max_versions__gt', 0), _connector='OR'), name='quizzes_assignment_versions_positive'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('accepts__in', ['text', 'files', 'text_and_files'])), name='quizzes_assignment_accepts_known'),
        ),
        migrations.AddConstraint(
            model_name='assignment',
            constraint=models.CheckConstraint(condition=models.Q(('late_policy__in', ['refuse', 'accept'])), name='quizzes_assignment_late_policy_known'),
        ),
        migrations.AddIndex(
            model_name='submission',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['submitted_at'], name='quizzes_submission_waiting'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.UniqueConstraint(fields=('enrollment', 'assignment', 'number'), name='quizzes_submission_once'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'waiting')), fields=('enrollment', 'assignment'), name='quizzes_submission_one_waiting'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'superseded', 'graded'])), name='quizzes_submission_state_known'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('graded_at__isnull', False), ('passed__isnull', False), ('percent__isnull', False), ('points__isnull', False), ('state', 'graded')), models.Q(models.Q(('state', 'graded'), _negated=True), ('passed__isnull', True), ('percent__isnull', True), ('points__isnull', True)), _connector='OR'), name='quizzes_submission_graded_with_result'),
        ),
        migrations.AddConstraint(
            model_name='submission',
            constraint=models.CheckConstraint(condition=models.Q(('share_kept__range', (0, 1))), name='quizzes_submission_share'),
        ),
        migrations.RunSQL(VIEW, "DROP VIEW quizzes_queue"),
    ]
