alter table token add column apps text[]; -- the apps that it is for; null for all
