-- Why people write to the shop, in two languages. Sentences of rows with `is_new` occur only from `texts_change_us` on.

create temp table intents as

with

-- Shares are of messages after the sale and of chats at the checkout
listed (intent, stage, topic, sign, after_sale_share, chat_share) as (

    values
    ('where_is_my_order', 'after_sales', 'delivery', 0, 0.26, 0.10),
    ('return', 'after_sales', 'returns', 0, 0.14, 0.0),
    ('refund', 'after_sales', 'returns', 0, 0.12, 0.0),
    ('damaged', 'after_sales', 'quality', -1, 0.12, 0.0),
    ('wrong_item', 'after_sales', 'service', -1, 0.08, 0.0),
    ('question', 'browse', null, 0, 0.10, 0.46),
    ('complaint', 'after_sales', null, -1, 0.08, 0.0),
    ('praise', 'after_sales', null, 1, 0.06, 0.0),
    ('cancel', 'purchase', 'checkout', 0, 0.04, 0.12),
    ('payment', 'checkout', 'checkout', -1, 0.0, 0.32),
    -- A reason to send something back, and no message
    ('changed_mind', 'after_sales', 'returns', 0, 0.0, 0.0)

)

select
    intent,
    stage,
    topic,
    sign,
    sum(after_sale_share) over (order by intent) - after_sale_share as after_sale_from,
    sum(after_sale_share) over (order by intent) as after_sale_to,
    sum(chat_share) over (order by intent) - chat_share as chat_from,
    sum(chat_share) over (order by intent) as chat_to
from listed;

create temp table intent_sentences as

with

written (intent, language, is_new, sentences) as (

    values
    ('where_is_my_order', 'en', false, [
        'where is my order?', 'my parcel has not arrived yet', 'I am still waiting for my delivery',
        'the tracking has not moved for days', 'I don''t want to cancel, I just want to know where my order is',
        'when will it come?'
    ]),
    ('where_is_my_order', 'en', true, ['any news of my parcel?', 'it says delivered, but nothing is here']),
    ('return', 'en', false, [
        'I want to send it back', 'how do I return this?', 'can I get a return label?',
        'I would like to return one of two', 'it is not what I expected, I want to return it'
    ]),
    ('return', 'en', true, ['how does sending back work?', 'please collect it again']),
    ('refund', 'en', false, [
        'I want my money back', 'where is my refund?', 'the refund has not been paid yet',
        'I returned it two weeks ago and still have no money', 'please refund me, I do not want a new one'
    ]),
    ('refund', 'en', true, ['when do you pay me out?', 'my account shows no money from you so far']),
    ('damaged', 'en', false, [
        'it arrived broken', 'the lid is cracked', 'there is a dent in it', 'it does not work at all',
        'half of it was in pieces when I opened the box'
    ]),
    ('damaged', 'en', true, ['it leaks', 'a part of it is snapped off']),
    ('wrong_item', 'en', false, [
        'you sent me the wrong item', 'I ordered blue and got green', 'this is not what I ordered',
        'I got somebody else''s parcel', 'there are two of the same, I ordered two different ones'
    ]),
    ('wrong_item', 'en', true, ['you mixed up my order', 'the label is right but the thing inside is not mine']),
    ('question', 'en', false, [
        'is it safe in the dishwasher?', 'does it come with a lid?', 'how long is the warranty?',
        'which size should I take?', 'is it suitable for children?', 'no complaint, just a question: do you ship to islands?'
    ]),
    ('question', 'en', true, ['will it be back in stock?', 'what is it made of?']),
    ('complaint', 'en', false, [
        'I want to complain', 'I am really annoyed', 'this is unacceptable', 'this is the third time that I write',
        'I expect an answer at once'
    ]),
    ('complaint', 'en', true, ['I am fed up', 'is this how you treat people?']),
    ('praise', 'en', false, [
        'I just want to say thank you', 'great job', 'I am very happy', 'keep it up',
        'no problem at all, only a compliment'
    ]),
    ('praise', 'en', true, ['you made my day', 'hats off']),
    ('cancel', 'en', false, [
        'please cancel my order', 'I want to cancel', 'I ordered twice by mistake, please cancel one',
        'stop the order, please', 'can I still cancel?'
    ]),
    ('cancel', 'en', true, ['I thought better of it, do not send it', 'please scrap my order']),
    ('payment', 'en', false, [
        'my card was refused', 'the voucher code does not work', 'I was charged twice', 'I cannot pay',
        'the payment page shows an error'
    ]),
    ('payment', 'en', true, ['the money left my account but there is no order', 'it hangs when I confirm']),
    ('changed_mind', 'en', false, [
        'I changed my mind', 'ordered twice by mistake', 'no longer needed', 'found another one at home',
        'it was a present and they had one already'
    ]),
    ('changed_mind', 'en', true, ['second thoughts', 'bought on impulse']),
    ('where_is_my_order', 'zh', false, [
        '我的订单到哪了？', '包裹还没到', '一直在等快递', '物流好几天没动了', '不是要取消，只想知道订单在哪', '什么时候能到？'
    ]),
    ('where_is_my_order', 'zh', true, ['包裹有消息吗？', '显示已签收，可我什么都没收到']),
    ('return', 'zh', false, ['我想退货', '怎么退货？', '能给个退货单吗？', '两个里面想退一个', '跟想的不一样，要退货']),
    ('return', 'zh', true, ['寄回去怎么弄？', '麻烦上门拿回去']),
    ('refund', 'zh', false, ['请把钱退给我', '退款到哪了？', '退款还没到账', '两周前就退了货，钱还没收到', '请退款，我不要新的']),
    ('refund', 'zh', true, ['什么时候打钱给我？', '账上一直没见到你们的钱']),
    ('damaged', 'zh', false, ['收到就是坏的', '盖子裂了', '上面有个坑', '完全不能用', '打开箱子碎了一半']),
    ('damaged', 'zh', true, ['漏水', '有一块断掉了']),
    ('wrong_item', 'zh', false, ['你们发错货了', '我买的蓝色，来的是绿色', '这不是我订的', '收到了别人的包裹', '两个一样的，我订的是不同的']),
    ('wrong_item', 'zh', true, ['你们弄混了我的订单', '标签对，里面的不是我的']),
    ('question', 'zh', false, [
        '能放洗碗机吗？', '带盖子吗？', '保修多久？', '该买哪个码？', '小孩能用吗？', '没有不满，就问一下：岛上送吗？'
    ]),
    ('question', 'zh', true, ['还会补货吗？', '是什么材料做的？']),
    ('complaint', 'zh', false, ['我要投诉', '我真的很生气', '太过分了', '这是第三次写信了', '请马上给个答复']),
    ('complaint', 'zh', true, ['受够了', '你们就这样对待顾客？']),
    ('praise', 'zh', false, ['就是想说声谢谢', '干得好', '非常满意', '继续保持', '没有任何问题，只想夸一下']),
    ('praise', 'zh', true, ['今天心情都好了', '佩服']),
    ('cancel', 'zh', false, ['请取消我的订单', '我要取消', '不小心下了两单，请取消一个', '请停止发货', '还能取消吗？']),
    ('cancel', 'zh', true, ['想了想，别寄了', '这单作废吧']),
    ('payment', 'zh', false, ['我的卡被拒了', '优惠码用不了', '扣了我两次钱', '付不了款', '付款页面出错']),
    ('payment', 'zh', true, ['钱扣了却没有订单', '点确认就卡住']),
    ('changed_mind', 'zh', false, ['不想要了', '不小心买了两份', '用不着了', '家里找到一个', '送人的，人家已经有了']),
    ('changed_mind', 'zh', true, ['改主意了', '冲动消费'])

)

select
    intent,
    language,
    is_new,
    sentences
from written;

-- What is around it: how a message begins, what it asks for, how it ends
create temp table courtesies as

with

written (language, is_new, greetings, requests, farewells) as (

    values
    ('en', false,
        ['Hello,', 'Hi there,', 'Dear team,', 'Good evening,', ''],
        ['Please help.', 'Can you check?', 'Please answer soon.', 'What can I do?', ''],
        ['Thanks.', 'Kind regards', 'Best wishes', '']
    ),
    ('en', true,
        ['Ladies and gentlemen,', 'Hey,'],
        ['Kindly look into it.', 'Over to you.'],
        ['Cheers', 'Yours truly']
    ),
    ('zh', false,
        ['你好，', '您好，', '在吗？', ''],
        ['请帮帮忙。', '麻烦查一下。', '请尽快回复。', '怎么办？', ''],
        ['谢谢。', '辛苦了。', '']
    ),
    ('zh', true,
        ['各位好，', '喂，'],
        ['劳驾处理。', '看你们的了。'],
        ['多谢啦。', '祝好。']
    )

)

select
    language,
    is_new,
    greetings,
    requests,
    farewells
from written;
