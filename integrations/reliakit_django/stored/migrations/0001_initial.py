"""The tables of flags, segments and their history."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = ()

    operations = (
        migrations.CreateModel(
            name="Edit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("who", models.CharField(max_length=200)),
                ("section", models.CharField(max_length=20)),
                ("key", models.CharField(db_index=True, max_length=200)),
                ("reason", models.TextField()),
                ("revision", models.BigIntegerField(unique=True)),
                ("before", models.JSONField(null=True)),
                ("after", models.JSONField(null=True)),
            ],
            options={
                "ordering": ("-revision",),
                "default_permissions": ("view",),
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="Revision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("value", models.BigIntegerField(default=0)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="StoredFlag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        max_length=200,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Za-z0-9_][A-Za-z0-9_.:/-]*\\Z",
                                "Letters, digits and _ . : / -, and none of the last five first.",
                            )
                        ],
                    ),
                ),
                (
                    "definition",
                    models.TextField(help_text="YAML or JSON, as it would stand below the key in a file."),
                ),
                ("changed_at", models.DateTimeField(auto_now=True)),
                (
                    "killed",
                    models.BooleanField(
                        default=False,
                        help_text="Wins over whatever the definition says.",
                        verbose_name="off for everybody",
                    ),
                ),
                (
                    "percentage",
                    models.FloatField(
                        blank=True,
                        help_text="Of everyone else, instead of what the definition says; empty for that.",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                    ),
                ),
                ("description", models.TextField(default="", editable=False)),
                ("owner", models.TextField(default="", editable=False)),
                ("kind", models.CharField(default="", editable=False, max_length=20)),
            ],
            options={
                "verbose_name": "flag",
                "ordering": ("key",),
                "permissions": (("toggle_storedflag", "Can switch flags off and set their percentage"),),
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="StoredSegment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "key",
                    models.CharField(
                        max_length=200,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Za-z0-9_][A-Za-z0-9_.:/-]*\\Z",
                                "Letters, digits and _ . : / -, and none of the last five first.",
                            )
                        ],
                    ),
                ),
                (
                    "definition",
                    models.TextField(help_text="YAML or JSON, as it would stand below the key in a file."),
                ),
                ("changed_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "segment",
                "ordering": ("key",),
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
    )
